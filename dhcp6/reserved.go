package dhcp6

import (
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
}

func (r *reservedPrefixes) add(p netip.Prefix, h *host) {
	if r.hosts == nil {
		r.hosts = map[netip.Prefix][]*host{}
	}
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
	s.SetHosts(hs, p.hosts, *s.params.ReservationsInSubnet, *s.params.ReservationsGlobal, s.reserve)
	return nil
}

func (s *subnet) reserve(h *host) {
	for _, addr := range h.addrs {
		if s.prefix.Contains(addr) {
			s.reserved.add(netip.PrefixFrom(addr, addr.BitLen()), h)
		}
	}
	for _, p := range h.prefixes {
		s.reserved.add(p, h)
		// Longer ones than those delegated are parts of one.
		if pl := s.poolOf(lease.PD, p.Addr()); pl != nil && p.Bits() > pl.delegatedLen {
			if whole, err := p.Addr().Prefix(pl.delegatedLen); err == nil {
				s.reserved.add(whole, h)
			}
		}
	}
}

// reservedForOther says whether an address or prefix of the subnet, or one
// that it is part of, is reserved, and not for this client. With
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
	for _, bits := range s.reserved.lengths {
		if bits > p.Bits() || p.IsSingleIP() && bits < p.Bits() {
			continue // an address is not delegated with a prefix
		}
		around, err := p.Addr().Prefix(bits)
		if err == nil && engine.ForOther(s.reserved.hosts[around], (*host).identifier, x.ids) {
			return true
		}
	}
	return false
}

// reservedUnits returns the addresses, or the beginnings of prefixes of a
// length, that are not to be picked from a pool, as they are reserved.
func (s *subnet) reservedUnits(pl *pool, length int) (units []netip.Addr) {
	if *s.params.ReservationsOutOfPool {
		return nil
	}
	for p := range s.reserved.hosts {
		if p.Bits() == length && pl.span.Contains(p.Addr()) {
			units = append(units, p.Addr())
		}
	}
	return units
}
