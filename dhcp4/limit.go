package dhcp4

import (
	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/internal/option"
	"github.com/dhcpha/dhcpha/lease"
)

// limited says whether clients behind relay agents are limited anywhere.
func (p *plan) limited() bool {
	return engine.Find(p.subnets, func(s *subnet) bool { return s.limits != nil }) != nil
}

// place is where relay agents say that the client is.
func (x *exchange) place() engine.Place {
	p := engine.Place{Relay: x.q.giaddr}
	p.Circuit, p.Remote = portIn(x.q.options.value(optRelayInfo))
	return p
}

// portIn is what the relay agent's information calls the port.
func portIn(info []byte) (circuit, remote []byte) {
	for code, value := range option.V4.Suboptions(info) {
		switch {
		case code == relayCircuitID && circuit == nil:
			circuit = value
		case code == relayRemoteID && remote == nil:
			remote = value
		}
	}
	return circuit, remote
}

// within says whether a grant is within the limits of its subnet, and counts it
// then. Who has the lease already keeps it, and what is reserved for a client is
// its own, whatever others behind the same port have.
func (x *exchange) within(g *grant) bool {
	if x.p.held == nil || g.mine && engine.InUse(g.was, x.now) {
		return true
	}
	place, limits := x.place(), g.subnet.limits
	if g.host != nil && g.host.addr == g.addr {
		limits = nil
	}
	over := x.unplaced(&place, limits)
	if over == 0 {
		over = x.p.held.Claim(lease.Key{Type: lease.V4, Addr: g.addr}, &place, limits, x.holder, x.spare, x.now.Add(g.subnet.offerHold()))
	}
	if over != 0 {
		x.over = over
	}
	return over == 0
}

// full says, before an address is taken, whether limits keep the client from
// one of the subnet.
func (x *exchange) full(s *subnet) bool {
	if x.p.held == nil || s.limits == nil {
		return false
	}
	place := x.place()
	over := x.unplaced(&place, s.limits)
	if over == 0 {
		over = x.p.held.Full(&place, s.limits, lease.V4, x.holder, x.spare)
	}
	if over != 0 {
		x.over = over
	}
	return over != 0
}

// unplaced keeps clients from going around the limits: one that is not on a link
// of the server's and has no lease that it could renew asks by way of a relay
// agent, or else it asks from nowhere.
func (x *exchange) unplaced(p *engine.Place, l *engine.Limits) engine.Over {
	if l != nil && x.q.unicast && !p.Known() {
		return engine.Unplaced
	}
	return 0
}

// givesUp notes that the client has a lease, which it gives up if it is given
// another address.
func (x *exchange) givesUp(current *lease.Lease) {
	if current != nil && engine.InUse(current, x.now) {
		x.spare = 1
	}
}

// limited counts a client that a limit keeps from an address.
func (x *exchange) limited() {
	place := x.place()
	x.e.core.Stats.Limited(x.over, x.subnet.id)
	x.e.core.Log.Warn("limit reached, no address for client", "limit", x.over.String(), "client", engine.Logged(x.client), "place", place.LogValue(), "subnet", x.subnet.id)
}
