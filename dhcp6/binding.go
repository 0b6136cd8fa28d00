package dhcp6

import (
	"encoding/binary"
	"net"
	"net/netip"
	"slices"
	"time"

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

// pools returns the pools of the grants.
func (bs bindings) pools() (list []*pool) {
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

// bindingOption is the IA_NA or IA_PD of a reply.
func (x *exchange) bindingOption(b *binding) dhcpv6.Option {
	var list dhcpv6.Options
	t1, t2 := b.timers()
	excludes := b.typ == lease.PD && x.requests(dhcpv6.OptionPDExclude)
	for _, g := range b.grants {
		o := prefixOption(b.typ, g.prefix, g.preferred, g.valid)
		if p, ok := o.(*dhcpv6.OptIAPrefix); ok && excludes {
			if e := g.exclusion(); e.IsValid() {
				p.Options.Add(raw(dhcpv6.OptionPDExclude, exclusionValue(g.prefix, e)))
			}
		}
		list = append(list, o)
	}
	for _, p := range b.gone {
		list = append(list, prefixOption(b.typ, p, 0, 0))
	}
	if b.status != (status{}) {
		list = append(list, b.status.option())
	}
	var id [4]byte
	binary.BigEndian.PutUint32(id[:], b.id)
	if b.typ == lease.PD {
		return &dhcpv6.OptIAPD{IaId: id, T1: t1, T2: t2, Options: dhcpv6.PDOptions{Options: list}}
	}
	return &dhcpv6.OptIANA{IaId: id, T1: t1, T2: t2, Options: dhcpv6.IdentityOptions{Options: list}}
}

// timers returns T1 and T2, by the shortest preferred lifetime (RFC 9915,
// section 14.2).
func (b *binding) timers() (t1, t2 time.Duration) {
	if len(b.grants) == 0 {
		return 0, 0
	}
	shortest := b.grants[0]
	for _, g := range b.grants {
		if g.preferred < shortest.preferred {
			shortest = g
		}
	}
	one, two := teeTimes(&shortest.subnet.params, shortest.preferred)
	return seconds(one), seconds(two)
}

func seconds(n uint32) time.Duration { return time.Duration(n) * time.Second }

// prefixOption is the IA Address or IA Prefix option.
func prefixOption(typ lease.Type, p netip.Prefix, preferred, valid uint32) dhcpv6.Option {
	ip := net.IP(p.Addr().AsSlice())
	if typ == lease.PD {
		return &dhcpv6.OptIAPrefix{
			Prefix:            &net.IPNet{IP: ip, Mask: net.CIDRMask(p.Bits(), 128)},
			PreferredLifetime: seconds(preferred), ValidLifetime: seconds(valid),
		}
	}
	return &dhcpv6.OptIAAddress{IPv6Addr: ip, PreferredLifetime: seconds(preferred), ValidLifetime: seconds(valid)}
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
