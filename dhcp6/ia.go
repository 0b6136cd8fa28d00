package dhcp6

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

// ia is an identity association as a query has it: what the client wants to
// have for it, or has.
type ia struct {
	typ    lease.Type // NA or PD
	id     uint32
	holder string // for whom what it is given is held
	asked  []wish
}

// wish is an address, which is a prefix of 128 bits, or a prefix. One that
// begins with the unspecified address wishes for a length only.
type wish struct {
	prefix           netip.Prefix
	preferred, valid uint32 // seconds; 0: whatever the server chooses
}

// ias returns the identity associations of the query, in their order. Of those
// with the same IAID the first counts: they are one.
func (x *exchange) ias() (list []*ia) {
	for _, o := range x.m.Options.Options {
		var a *ia
		switch o := o.(type) {
		case *dhcpv6.OptIANA:
			a = &ia{typ: lease.NA, id: binary.BigEndian.Uint32(o.IaId[:]), asked: askedAddresses(o.Options.Options)}
		case *dhcpv6.OptIAPD:
			a = &ia{typ: lease.PD, id: binary.BigEndian.Uint32(o.IaId[:]), asked: askedPrefixes(o.Options.Options)}
		default:
			continue // an IA_TA too: RFC 9915 has none any more, and a server ignores it
		}
		if !slices.ContainsFunc(list, func(b *ia) bool { return a.typ == b.typ && a.id == b.id }) {
			a.holder = holderOf(a.typ, a.id, x.client.ID)
			list = append(list, a)
		}
	}
	return list
}

// holderOf is a key for a client's identity association. The client is at its
// end.
func holderOf(typ lease.Type, id uint32, duid []byte) string {
	var room [holderHead + maxDUID]byte
	key := binary.BigEndian.AppendUint32(append(room[:0], byte(typ)), id)
	return string(append(key, duid...))
}

// holderHead is what is before the DUID in such a key.
const holderHead = 1 + 4

func askedAddresses(list dhcpv6.Options) (asked []wish) {
	for _, o := range list {
		a, ok := o.(*dhcpv6.OptIAAddress)
		if !ok {
			continue
		}
		if addr := addressOf(a.IPv6Addr); addr.IsValid() {
			asked = append(asked, wish{netip.PrefixFrom(addr, 128), inSeconds(a.PreferredLifetime), inSeconds(a.ValidLifetime)})
		}
	}
	return asked
}

func askedPrefixes(list dhcpv6.Options) (asked []wish) {
	for _, o := range list {
		p, ok := o.(*dhcpv6.OptIAPrefix)
		if !ok || p.Prefix == nil {
			continue
		}
		bits, size := p.Prefix.Mask.Size()
		if addr := addressOf(p.Prefix.IP); addr.IsValid() && size == 128 {
			asked = append(asked, wish{netip.PrefixFrom(addr, bits).Masked(), inSeconds(p.PreferredLifetime), inSeconds(p.ValidLifetime)})
		}
	}
	return asked
}

func inSeconds(d time.Duration) uint32 { return uint32(d / time.Second) }

// only says that the wish is for a length, not for a certain prefix.
func (w *wish) only() bool { return w.prefix.Addr().IsUnspecified() }

// hint returns what the client would like best; the zero wish: it has none.
func (a *ia) hint() wish {
	if len(a.asked) == 0 {
		return wish{}
	}
	return a.asked[0]
}

// owns says whether a lease is of the identity association, whatever has become
// of it meanwhile.
func (x *exchange) owns(a *ia, l *lease.Lease) bool {
	return l.IAID == a.id && string(l.ClientID) == string(x.client.ID) && l.State != lease.Declined && l.State != lease.Registered
}

// prefixOf is what is leased, an address being a prefix of 128 bits.
func prefixOf(l *lease.Lease) netip.Prefix {
	if l.Type == lease.PD {
		return netip.PrefixFrom(l.Addr, int(l.PrefixLen))
	}
	return netip.PrefixFrom(l.Addr, 128)
}

// leasesOf returns the leases of an identity association on the client's link.
// Those that have ended count only if all have: nobody else may have been given
// them, but the client has not had them for a while.
func (x *exchange) leasesOf(a *ia) []lease.Lease {
	all := slices.DeleteFunc(x.e.core.Store.ByIAID(x.client.ID, a.id), func(l lease.Lease) bool {
		return l.Type != a.typ || !x.owns(a, &l) || !x.onLink(l.SubnetID)
	})
	current := func(l lease.Lease) bool { return engine.InUse(&l, x.now) }
	if slices.ContainsFunc(all, current) {
		all = slices.DeleteFunc(all, func(l lease.Lease) bool { return !current(l) })
	}
	return all
}

// onLink says whether a subnet is on the client's link.
func (x *exchange) onLink(id uint32) bool {
	return x.subnet != nil && slices.ContainsFunc(x.subnet.Siblings(), func(s *subnet) bool { return s.id == id })
}
