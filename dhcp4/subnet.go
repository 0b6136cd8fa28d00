package dhcp4

import (
	"iter"
	"net/netip"
)

// siblings returns the subnets that are on the subnet's link, itself included.
func (s *subnet) siblings() []*subnet {
	if s.network == nil {
		return []*subnet{s}
	}
	return s.network.subnets
}

// poolOf returns the pool that has the address, or nil.
func (s *subnet) poolOf(addr netip.Addr) *pool {
	for _, pl := range s.pools {
		if pl.span.Contains(addr) {
			return pl
		}
	}
	return nil
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
	if relay := address(x.m.GatewayIPAddr); relay.IsValid() {
		if s := x.subnetWhere(func(s *subnet) bool { return s.hasRelay(relay) }); s != nil {
			return s
		}
		return x.subnetOf(relay)
	}
	if x.q.Unicast {
		if addr := address(x.m.ClientIPAddr); addr.IsValid() {
			return x.subnetOf(addr)
		}
		if src := x.q.Source.Addr(); src.IsValid() && !src.IsUnspecified() {
			return x.subnetOf(src.Unmap())
		}
	}
	if s := x.subnetWhere(func(s *subnet) bool { return s.onInterface(x.q.Interface) }); s != nil {
		return s
	}
	return x.subnetOf(x.q.Local)
}

// chosenLink returns the address of the link that relay agent or client chose
// explicitly.
func (x *exchange) chosenLink() netip.Addr {
	if c := x.p.cfg.Compatibility; c == nil || !c.IgnoreRAILinkSelection {
		if v := x.relaySuboption(relayLinkSelection); len(v) == 4 {
			return address(v)
		}
	}
	if v := x.m.Options[optSubnetSelect]; len(v) == 4 {
		return address(v)
	}
	return netip.Addr{}
}

func (x *exchange) subnetOf(addr netip.Addr) *subnet {
	return x.subnetWhere(func(s *subnet) bool { return s.prefix.Contains(addr) })
}

// subnetWhere returns the first subnet that the client's classes allow and
// that matches.
func (x *exchange) subnetWhere(matches func(*subnet) bool) *subnet {
	for _, s := range x.p.subnets {
		if matches(s) && x.supports(s) {
			return s
		}
	}
	return nil
}

// supports says whether the guards of a subnet and its network let the client
// in.
func (x *exchange) supports(s *subnet) bool {
	return x.classes.allowed(&s.Guard) && (s.network == nil || x.classes.allowed(&s.network.Guard))
}

// hasRelay says whether the address is configured as a relay agent's. What a
// subnet says overrides what its network says.
func (s *subnet) hasRelay(relay netip.Addr) bool {
	addrs := s.Relay.IPAddresses
	if len(addrs) == 0 && s.network != nil {
		addrs = s.network.Relay.IPAddresses
	}
	for _, addr := range addrs {
		if addr == relay {
			return true
		}
	}
	return false
}

func (s *subnet) onInterface(name string) bool {
	set := s.Interface
	if set == "" && s.network != nil {
		set = s.network.Interface
	}
	return set != "" && set == name
}

// candidates goes through the subnets that a client may be served from: the
// given one, then the others of its network in a circle.
func (x *exchange) candidates(first *subnet) iter.Seq[*subnet] {
	return func(yield func(*subnet) bool) {
		if first == nil {
			return
		}
		all := first.siblings()
		start := 0
		for all[start] != first {
			start++
		}
		for i := range all {
			if s := all[(start+i)%len(all)]; x.supports(s) && !yield(s) {
				return
			}
		}
	}
}

// poolFor returns the subnet and pool, among those the client may be served
// from, that have the address; nil: none.
func (x *exchange) poolFor(addr netip.Addr) (*subnet, *pool) {
	for s := range x.candidates(x.subnet) {
		if pl := s.poolOf(addr); pl != nil && x.classes.allowed(&pl.Guard) {
			return s, pl
		}
	}
	return nil, nil
}
