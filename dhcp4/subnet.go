package dhcp4

import (
	"iter"
	"net/netip"

	"github.com/dhcpha/dhcpha/internal/engine"
)

// poolOf returns the pool that has the address, or nil.
func (s *subnet) poolOf(addr netip.Addr) *pool {
	return engine.Find(s.pools, func(pl *pool) bool { return pl.span.Contains(addr) })
}

// selectSubnet finds the subnet of the link that the client is on, or nil. In
// Kea's order, the link is told by
//   - the relay agent's link selection (RFC 3527),
//   - the client's subnet selection (RFC 3011),
//   - giaddr, as an address configured for relay agents or one of a subnet,
//   - ciaddr, or else the source address, of a query that was unicast,
//   - the interface, by its name or by its address.
func (x *exchange) selectSubnet() *subnet {
	if addr := x.chosenLink(); addr.IsValid() {
		return x.subnetOf(addr)
	}
	if relay := x.q.giaddr; relay.IsValid() {
		if s := x.p.links.OfRelay(relay, x.allows); s != nil {
			return s
		}
		return x.subnetOf(relay)
	}
	if x.q.unicast {
		if addr := x.q.ciaddr; addr.IsValid() {
			return x.subnetOf(addr)
		}
		if src := x.q.source.Addr(); src.IsValid() && !src.IsUnspecified() {
			return x.subnetOf(src.Unmap())
		}
	}
	if s := x.p.links.OfInterface(x.q.iface, x.allows); s != nil {
		return s
	}
	return x.subnetOf(x.q.local)
}

// chosenLink returns the address of the link that relay agent or client chose
// explicitly.
func (x *exchange) chosenLink() netip.Addr {
	if c := x.p.cfg.Compatibility; c == nil || !c.IgnoreRAILinkSelection {
		if v := x.relaySuboption(relayLinkSelection); len(v) == 4 {
			return address(v)
		}
	}
	if v := x.q.options.value(optSubnetSelect); len(v) == 4 {
		return address(v)
	}
	return netip.Addr{}
}

func (x *exchange) subnetOf(addr netip.Addr) *subnet {
	return x.p.links.OfAddress(addr, x.allows)
}

// allows says whether the client's classes let it be served from a subnet.
func (x *exchange) allows(s *subnet) bool { return s.Allows(x.classes) }

// candidates goes through the subnets that a client may be served from: its
// own, then the others of its network in a circle.
func (x *exchange) candidates() iter.Seq[*subnet] {
	return func(yield func(*subnet) bool) {
		if x.subnet != nil {
			x.subnet.Candidates(x.classes, yield)
		}
	}
}

// poolFor returns the subnet and pool, among those the client may be served
// from, that have the address; nil: none.
func (x *exchange) poolFor(addr netip.Addr) (*subnet, *pool) {
	for s := range x.candidates() {
		if pl := s.poolOf(addr); pl != nil && x.classes.Allowed(&pl.Guard) {
			return s, pl
		}
	}
	return nil, nil
}
