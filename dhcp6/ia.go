package dhcp6

import (
	"encoding/binary"
	"net/netip"
	"slices"

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
// with the same IAID the first counts: they are one. What is malformed is not
// looked at; of a server's own query nothing is.
func (x *exchange) ias() []ia {
	x.iaRoom, x.wishRoom = x.iaRoom[:0], x.wishRoom[:0]
	for code, value := range options(x.m.options()) {
		typ := lease.NA
		switch code {
		case dhcpv6.OptionIANA:
		case dhcpv6.OptionIAPD:
			typ = lease.PD
		default:
			continue // an IA_TA too: RFC 9915 has none any more, and a server ignores it
		}
		if !inAssociation(value, iaHeader) {
			continue
		}
		a := ia{typ: typ, id: binary.BigEndian.Uint32(value)}
		if slices.ContainsFunc(x.iaRoom, func(b ia) bool { return a.typ == b.typ && a.id == b.id }) {
			continue
		}
		before := len(x.wishRoom)
		x.wishRoom = appendWishes(x.wishRoom, typ, value[iaHeader:])
		a.asked = x.wishRoom[before:len(x.wishRoom):len(x.wishRoom)]
		x.iaRoom = append(x.iaRoom, a)
	}
	return x.iaRoom
}

// holderOf is a key for a client's identity association. The client is at its
// end.
func holderOf(typ lease.Type, id uint32, duid []byte) string {
	var room [holderHead + maxDUID]byte
	return string(appendHolder(room[:0], typ, id, duid))
}

func appendHolder(b []byte, typ lease.Type, id uint32, duid []byte) []byte {
	return append(binary.BigEndian.AppendUint32(append(b, byte(typ)), id), duid...)
}

// holderHead is what is before the DUID in such a key.
const holderHead = 1 + 4

// appendWishes appends what is asked for by the options in an identity
// association.
func appendWishes(asked []wish, typ lease.Type, b []byte) []wish {
	for code, value := range options(b) {
		switch {
		case typ == lease.NA && code == dhcpv6.OptionIAAddr:
			asked = append(asked, wishOfAddress(value))
		case typ == lease.PD && code == dhcpv6.OptionIAPrefix && value[8] > 0:
			asked = append(asked, wish{
				prefix:    netip.PrefixFrom(netip.AddrFrom16([16]byte(value[9:])), int(value[8])).Masked(),
				preferred: binary.BigEndian.Uint32(value), valid: binary.BigEndian.Uint32(value[4:]),
			})
		}
	}
	return asked
}

// wishOfAddress is what is asked for by an IA Address option.
func wishOfAddress(value []byte) wish {
	return wish{
		prefix:    netip.PrefixFrom(netip.AddrFrom16([16]byte(value)), 128),
		preferred: binary.BigEndian.Uint32(value[16:]), valid: binary.BigEndian.Uint32(value[20:]),
	}
}

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
