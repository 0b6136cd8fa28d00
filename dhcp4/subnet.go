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

// selectSubnet finds the subnet of the link that the client is on, among those
// that something is true for, or nil. In Kea's order, the link is told by
//   - the relay agent's link selection (RFC 3527),
//   - the client's subnet selection (RFC 3011),
//   - giaddr, as an address configured for relay agents or one of a subnet,
//   - ciaddr, or else the source address, of a query that was unicast,
//   - the interface, by its name or by its address.
func (x *exchange) selectSubnet(fits func(*subnet) bool) *subnet {
	if addr := x.chosenLink(); addr.IsValid() {
		return x.p.links.OfAddress(addr, fits)
	}
	if relay := x.q.giaddr; relay.IsValid() {
		if s := x.p.links.OfRelay(relay, fits); s != nil {
			return s
		}
		return x.p.links.OfAddress(relay, fits)
	}
	if x.q.unicast {
		if addr := x.q.ciaddr; addr.IsValid() {
			return x.p.links.OfAddress(addr, fits)
		}
		if src := x.q.source.Addr(); src.IsValid() && !src.IsUnspecified() {
			return x.p.links.OfAddress(src.Unmap(), fits)
		}
	}
	if s := x.p.links.OfInterface(x.q.iface, fits); s != nil {
		return s
	}
	return x.p.links.OfAddress(x.q.local, fits)
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

// linked says whether the client's link has a subnet, be it for other classes.
func (x *exchange) linked() bool {
	return x.selectSubnet(func(*subnet) bool { return true }) != nil
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
