package dhcp6

import (
	"iter"
	"net/netip"
	"slices"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

// poolsOf returns the subnet's pools of addresses or of prefixes.
func (s *subnet) poolsOf(typ lease.Type) []*pool {
	if typ == lease.PD {
		return s.pdPools
	}
	return s.pools
}

// poolOf returns the pool that has the address, or the prefix that begins with
// it; nil: none.
func (s *subnet) poolOf(typ lease.Type, first netip.Addr) *pool {
	return engine.Find(s.poolsOf(typ), func(pl *pool) bool { return pl.span.Contains(first) })
}

// selectSubnet finds the subnet of the link that the client is on, among those
// that something is true for, or nil. As in Kea, the link is told by
//   - the Interface-Id of the relay agent next to the client, or else the
//     link-address of the first one on the way from the client that has set
//     it, as an address configured for relay agents or one of a subnet,
//   - if there is no such relay agent: the interface, by its name, or else the
//     address that the client sent from.
func (x *exchange) selectSubnet(fits func(*subnet) bool) *subnet {
	link := x.link()
	if !link.IsValid() {
		if s := x.p.links.OfInterface(x.q.Interface, fits); s != nil {
			return s
		}
		return x.p.links.OfAddress(x.q.Source.Addr().WithZone(""), fits)
	}
	if id, ok := x.in.nearest().option(dhcpv6.OptionInterfaceID); ok {
		if s := engine.Find(x.p.byInterfaceID[string(id)], fits); s != nil {
			return s
		}
	}
	if s := x.p.links.OfRelay(link, fits); s != nil {
		return s
	}
	return x.p.links.OfAddress(link, fits)
}

// link returns the address of the client's link that a relay agent tells, as
// the first one on the way to the server that knows it; invalid: none does.
// What only forwards within the link leaves it unset (RFC 6221).
func (x *exchange) link() netip.Addr {
	for _, r := range slices.Backward(x.in.relays) {
		if addr := r.link(); !addr.IsUnspecified() && !addr.IsLinkLocalUnicast() {
			return addr
		}
	}
	return netip.Addr{}
}

// subnetAt returns the subnet of the client's link that has an address, or nil.
func (x *exchange) subnetAt(addr netip.Addr) *subnet {
	if x.subnet == nil {
		return nil
	}
	return engine.Find(x.subnet.Siblings(), func(s *subnet) bool { return s.prefix.Contains(addr) })
}

// linked says whether the client's link has a subnet, be it for other classes.
func (x *exchange) linked() bool {
	return x.selectSubnet(func(*subnet) bool { return true }) != nil
}

// allows says whether the client's classes let it be served from a subnet.
func (x *exchange) allows(s *subnet) bool { return s.Allows(x.classes) }

// candidates goes through the subnets that a client may be served from: the
// given one, then the others of its network in a circle.
func (x *exchange) candidates(first *subnet) iter.Seq[*subnet] {
	return func(yield func(*subnet) bool) {
		if first != nil {
			first.Candidates(x.classes, yield)
		}
	}
}

// poolFor returns the subnet and pool, among those the client may be served
// from, that have the address, or the prefix that begins with it; nil: none.
func (x *exchange) poolFor(typ lease.Type, first netip.Addr) (*subnet, *pool) {
	for s := range x.candidates(x.subnet) {
		if pl := s.poolOf(typ, first); pl != nil && x.classes.Allowed(&pl.Guard) {
			return s, pl
		}
	}
	return nil, nil
}
