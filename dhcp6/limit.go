package dhcp6

import (
	"net/netip"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

// limited says whether clients behind relay agents are limited anywhere.
func (p *plan) limited() bool {
	return engine.Find(p.subnets, func(s *subnet) bool { return s.limits != nil }) != nil
}

// hop is a relay agent that a query came by.
type hop struct {
	link, peer netip.Addr
	options    []byte
}

// place is where relay agents say that the client is.
func (x *exchange) place() engine.Place {
	relays := x.in.relays
	if len(relays) == 0 {
		return engine.Place{}
	}
	of := func(r relay) hop { return hop{r.link(), r.peer(), r.options()} }
	return placeBehind(of(relays[0]), of(x.in.nearest()), len(relays) > 1)
}

// placeBehind is where a client is that is behind relay agents: the one next to
// the server and the one next to the client, which are two or the same.
//
// The relay agent that counts is the one next to the server, as those behind it
// may be clients that claim to be relay agents. It is known by its link-address
// or else, if it has forwarded what another one has, by the peer-address, which
// is the other one's. The peer-address of a single one is the client's own. The
// port is that of the relay agent next to the client.
func placeBehind(outer, inner hop, nested bool) engine.Place {
	p := engine.Place{Link: inner.link}
	switch {
	case isRouted(outer.link):
		p.Relay = outer.link
	case nested && isRouted(outer.peer):
		p.Relay = outer.peer
	}
	p.Circuit, _ = optionOf(inner.options, dhcpv6.OptionInterfaceID)
	p.Remote, _ = optionOf(inner.options, dhcpv6.OptionRemoteID)
	return p
}

// isRouted says whether an address tells a relay agent from those elsewhere.
func isRouted(addr netip.Addr) bool {
	return addr.IsValid() && !addr.IsUnspecified() && !addr.IsLinkLocalUnicast()
}

// within says whether a grant is within the limits of its subnet, and counts it
// then. Who has the lease already keeps it, and what is reserved for a client is
// its own, whatever others behind the same port have.
func (x *exchange) within(a *ia, g *grant) bool {
	if x.p.held == nil || !g.isNew(x.now) {
		return true
	}
	place := x.place()
	claim := func(l *engine.Limits) engine.Over {
		return x.p.held.Claim(g.key(), &place, l, a.holder, x.spare, x.now.Add(engine.OfferHold))
	}
	over := claim(g.subnet.limits)
	if over != 0 && x.isReserved(g) {
		over = claim(nil)
	}
	if over != 0 {
		x.over = over
	}
	return over == 0
}

// full says, before anything is taken, whether limits keep the client from more
// of the subnet.
func (x *exchange) full(a *ia, s *subnet) bool {
	if x.p.held == nil || s.limits == nil {
		return false
	}
	place := x.place()
	over := x.p.held.Full(&place, s.limits, a.typ, a.holder, x.spare)
	if over != 0 {
		x.over = over
	}
	return over != 0
}

// limited counts a client that a limit keeps from an address or prefix.
func (x *exchange) limited(typ lease.Type, s *subnet) {
	place := x.place()
	x.e.core.Stats.Limited(x.over, s.id)
	x.e.core.Log.Warn("limit reached, nothing for client", "limit", x.over.String(), "client", engine.LoggedDUID(x.client), "type", typ, "place", place.LogValue(), "subnet", s.id)
}

// counted says whether an address that a client registers is counted: one of a
// pool is, as others cannot be given it.
func (x *exchange) counted(s *subnet, addr netip.Addr) bool {
	return x.p.held != nil && s.poolOf(lease.NA, addr) != nil
}

// registersWithin is within for an address that a client registers.
func (x *exchange) registersWithin(addr netip.Addr, s *subnet) bool {
	place := x.place()
	x.over = x.p.held.Claim(lease.Key{Type: lease.NA, Addr: addr}, &place, s.limits, x.name, 0, x.now.Add(engine.OfferHold))
	if x.over != 0 {
		x.limited(lease.NA, s)
	}
	return x.over == 0
}
