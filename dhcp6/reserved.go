package dhcp6

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

// reservedPrefixes says who has a reservation for what of a subnet; an address
// is a prefix of 128 bits.
type reservedPrefixes struct {
	hosts   map[netip.Prefix][]*host
	lengths []int // of the prefixes there are
	// parts has those whose prefixes are longer than what a pool delegates, by
	// what they are a part of.
	parts map[netip.Prefix][]*host
}

func (r *reservedPrefixes) add(p netip.Prefix, h *host) {
	r.hosts[p] = append(r.hosts[p], h)
	if !slices.Contains(r.lengths, p.Bits()) {
		r.lengths = append(r.lengths, p.Bits())
	}
}

// compileReservations takes the reservations that count in the subnet, and
// lists who has one for what. Prefixes need not be of the subnet.
func (p *plan) compileReservations(s *subnet, own []Reservation) error {
	hs, err := p.compileHosts(own)
	if err != nil {
		return err
	}
	s.reserved.hosts, s.reserved.parts = map[netip.Prefix][]*host{}, map[netip.Prefix][]*host{}
	s.SetHosts(hs, p.hosts, *s.params.ReservationsInSubnet, *s.params.ReservationsGlobal, s.reserve)
	for _, pl := range slices.Concat(s.pools, s.pdPools) {
		if err := s.keepReserved(pl); err != nil {
			return err
		}
	}
	return nil
}

func (s *subnet) reserve(h *host) {
	for _, addr := range h.addrs {
		if s.prefix.Contains(addr) {
			s.reserved.add(netip.PrefixFrom(addr, 128), h)
		}
	}
	for _, p := range h.prefixes {
		s.reserved.add(p, h)
		if pl := s.poolOf(lease.PD, p.Addr()); pl != nil && p.Bits() > pl.delegatedLen {
			whole, _ := p.Addr().Prefix(pl.delegatedLen)
			s.reserved.parts[whole] = append(s.reserved.parts[whole], h)
		}
	}
}

// maxKept bounds how many prefixes of a pool one that is reserved may take.
const maxKept = 1 << 16

// keepReserved notes what is not to be picked from a pool, as it is reserved or
// a part of it is. With reservations-out-of-pool nothing is.
func (s *subnet) keepReserved(pl *pool) error {
	if *s.params.ReservationsOutOfPool {
		return nil
	}
	for whole := range s.reserved.parts {
		if pl.prefix.IsValid() && pl.prefix.Contains(whole.Addr()) {
			pl.kept = append(pl.kept, whole.Addr())
		}
	}
	length := pl.length()
	for p := range s.reserved.hosts {
		switch {
		case p.Bits() == length && pl.span.Contains(p.Addr()):
			pl.kept = append(pl.kept, p.Addr())
		case pl.prefix.IsValid() && p.Bits() < length && p.Overlaps(pl.prefix):
			if p.Bits() < pl.prefix.Bits() {
				p = pl.prefix
			}
			if n := length - p.Bits(); n > 16 {
				return fmt.Errorf("pd-pool %s: of its prefixes of %d bits %s reserves more than %d", pl.prefix, length, p, maxKept)
			}
			for n := range 1 << (length - p.Bits()) {
				pl.kept = append(pl.kept, nthPrefix(p.Addr(), length, n))
			}
		}
	}
	return nil
}

// nthPrefix returns the beginning of the prefix of a length that is so many
// behind the one that begins at first.
func nthPrefix(first netip.Addr, length, n int) netip.Addr {
	b := first.As16()
	for bit := length - 1; n > 0; bit-- {
		b[bit/8] |= byte(n&1) << (7 - bit%8)
		n >>= 1
	}
	return netip.AddrFrom16(b)
}

// reservedForOther says whether an address or prefix of the subnet, a part of
// it, or what it is a part of, is reserved, and not for this client. With
// reservations-out-of-pool, pools are known to have nothing reserved.
func (x *exchange) reservedForOther(p netip.Prefix, s *subnet) bool {
	if len(s.reserved.hosts) == 0 {
		return false
	}
	typ := lease.PD
	if p.IsSingleIP() {
		typ = lease.NA
	}
	if *s.params.ReservationsOutOfPool && s.poolOf(typ, p.Addr()) != nil {
		return false
	}
	if slices.ContainsFunc(s.reserved.parts[p], func(h *host) bool { return !h.id.Among(x.ids) }) {
		return true
	}
	for _, bits := range s.reserved.lengths {
		if bits > p.Bits() || typ == lease.NA && bits < 128 {
			continue // addresses within a reserved prefix are not what is reserved
		}
		around, _ := p.Addr().Prefix(bits)
		if engine.ForOther(s.reserved.hosts[around], (*host).identifier, x.ids) {
			return true
		}
	}
	return false
}
