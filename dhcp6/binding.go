package dhcp6

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/dhcpha/dhcpha/lease"
)

// binding is what becomes of an identity association.
type binding struct {
	*ia
	grants []*grant
	lost   []lease.Lease  // that it had, and is to have no more
	gone   []netip.Prefix // that the client is to be told not to use any more
	status status         // why there are no grants; the zero status: there are
}

// newBinding begins a binding.
func (x *exchange) newBinding(a *ia) *binding {
	b := x.bindings.next()
	*b = binding{ia: a, grants: b.grants[:0], lost: b.lost[:0], gone: b.gone[:0]}
	return b
}

// bindings are those of a query, in its order.
type bindings []*binding

// first returns the first grant, of addresses before prefixes; nil: there is
// none. What a client has only once, such as its name, goes by it.
func (bs bindings) first() *grant {
	for _, typ := range [...]lease.Type{lease.NA, lease.PD} {
		for _, b := range bs {
			if b.typ == typ && len(b.grants) > 0 {
				return b.grants[0]
			}
		}
	}
	return nil
}

// pools appends the pools of the grants to a list.
func (bs bindings) pools(list []*pool) []*pool {
	for _, b := range bs {
		for _, g := range b.grants {
			if g.pool != nil && !slices.Contains(list, g.pool) {
				list = append(list, g.pool)
			}
		}
	}
	return list
}

// none is what is said of an identity association that can be given nothing.
func none(typ lease.Type) status {
	if typ == lease.PD {
		return noPrefixAvail
	}
	return noAddrsAvail
}

// addBinding adds the IA_NA or IA_PD of a binding to the reply. The times are
// those of the reply; without leases there is nothing to renew.
func (x *exchange) addBinding(b *binding, t1, t2 uint32) {
	code := dhcpv6.OptionIANA
	if b.typ == lease.PD {
		code = dhcpv6.OptionIAPD
	}
	if len(b.grants) == 0 {
		t1, t2 = 0, 0
	}
	ia := x.open(code)
	x.reply = binary.BigEndian.AppendUint32(x.reply, b.id)
	x.reply = binary.BigEndian.AppendUint32(x.reply, t1)
	x.reply = binary.BigEndian.AppendUint32(x.reply, t2)
	excludes := b.typ == lease.PD && x.requests(dhcpv6.OptionPDExclude)
	for _, g := range b.grants {
		var excluded netip.Prefix
		if excludes {
			excluded = g.exclusion()
		}
		x.addLease(b.typ, g.prefix, g.preferred, g.valid, excluded)
	}
	for _, p := range b.gone {
		x.addLease(b.typ, p, 0, 0, netip.Prefix{})
	}
	if b.status != (status{}) {
		x.addStatus(b.status)
	}
	x.close(ia)
}

// timers returns T1 and T2, by the shortest preferred lifetime (RFC 9915,
// section 21.4). A reply has them once, for all that it grants, so that a client
// renews that by one message (section 18.1); Kea has them for each identity
// association.
func (bs bindings) timers() (t1, t2 uint32) {
	var shortest *grant
	for _, b := range bs {
		for _, g := range b.grants {
			if shortest == nil || g.preferred < shortest.preferred {
				shortest = g
			}
		}
	}
	if shortest == nil {
		return 0, 0
	}
	return teeTimes(&shortest.subnet.params, shortest.preferred)
}

// addLease adds the IA Address or IA Prefix option; excluded is what of a prefix
// the delegating router keeps, if it is valid.
func (x *exchange) addLease(typ lease.Type, p netip.Prefix, preferred, valid uint32, excluded netip.Prefix) {
	addr := p.Addr().As16()
	if typ == lease.NA {
		x.reply = appendHeader(x.reply, dhcpv6.OptionIAAddr, addressHeader)
		x.reply = append(x.reply, addr[:]...)
		x.reply = binary.BigEndian.AppendUint32(x.reply, preferred)
		x.reply = binary.BigEndian.AppendUint32(x.reply, valid)
		return
	}
	option := x.open(dhcpv6.OptionIAPrefix)
	x.reply = binary.BigEndian.AppendUint32(x.reply, preferred)
	x.reply = binary.BigEndian.AppendUint32(x.reply, valid)
	x.reply = append(x.reply, byte(p.Bits()))
	x.reply = append(x.reply, addr[:]...)
	if excluded.IsValid() {
		x.add(dhcpv6.OptionPDExclude, exclusionValue(p, excluded))
	}
	x.close(option)
}

// exclusion returns the part of a prefix that the delegating router keeps;
// invalid: none.
func (g *grant) exclusion() netip.Prefix {
	if g.host != nil {
		if e := g.host.exclusion(g.prefix); e.IsValid() {
			return e
		}
	}
	if g.pool != nil && g.prefix.Bits() == g.pool.delegatedLen {
		return g.pool.exclusion(g.prefix)
	}
	return netip.Prefix{}
}

// exclusionValue is the value of a PD Exclude option (RFC 6603, section 4.2):
// the length of the excluded prefix, and its bits behind those of the delegated
// one, from the left.
func exclusionValue(delegated, excluded netip.Prefix) []byte {
	from, to := delegated.Bits(), excluded.Bits()
	value := make([]byte, 1+(to-from+7)/8)
	value[0] = byte(to)
	addr := excluded.Addr().As16()
	for bit := from; bit < to; bit++ {
		if addr[bit/8]&(0x80>>(bit%8)) != 0 {
			i := bit - from
			value[1+i/8] |= 0x80 >> (i % 8)
		}
	}
	return value
}
