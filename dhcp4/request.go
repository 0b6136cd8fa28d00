package dhcp4

import (
	"context"
	"net/netip"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

// verdict is what becomes of a DHCPREQUEST.
type verdict int

const (
	silent verdict = iota // no answer: another server may know better
	refuse                // NAK: the client has to start again
	give                  // ACK
)

// request answers a DHCPREQUEST (RFC 2131, section 4.3.2).
func (x *exchange) request(ctx context.Context) (*message, error) {
	state, addr := stateOf(x.q)
	v := x.onLink(state)
	if v == give && state == stateInitReboot {
		v = x.remembered(addr)
	}
	var g *grant
	if v == give {
		g, v = x.grantRequested(state, addr)
	}
	switch v {
	case give:
		return x.commit(ctx, g)
	case refuse:
		x.e.core.Alloc.Release(addr, x.holder)
		if x.p.held != nil {
			x.p.held.Drop(lease.Key{Type: lease.V4, Addr: addr}, x.holder)
		}
		return x.nak(), nil
	default:
		x.e.core.Stats.Dropped.Add(1)
		return nil, nil
	}
}

// onLink judges a request from a link that no subnet is configured for. What
// a rebinding client has may be another server's. A rebooting one has lost its
// network if this server is authoritative.
func (x *exchange) onLink(state requestState) verdict {
	switch {
	case x.subnet != nil:
		return give
	case state == stateRebinding:
		return silent
	case state == stateInitReboot && !*x.p.params.Authoritative:
		return silent
	default:
		return refuse
	}
}

// remembered judges the address that a rebooting client remembers: "If a DHCP
// server has no record of this client, then it MUST remain silent", unless it
// is authoritative; if "the client's notion of its IP address" is not correct,
// it sends a NAK.
func (x *exchange) remembered(addr netip.Addr) verdict {
	l := x.findLease()
	switch {
	case l == nil && !*x.subnet.params.Authoritative:
		return silent
	case l == nil || l.Addr != addr:
		return refuse
	default:
		return give
	}
}

// grantRequested judges the address that a client asks for and, if it may have
// it, holds it.
func (x *exchange) grantRequested(state requestState, addr netip.Addr) (*grant, verdict) {
	current := x.findLease()
	x.givesUp(current)
	reserved, in := x.reservedAddress()
	if in != nil {
		x.subnet = in
	}
	s, _ := x.poolFor(addr)
	if reserved == addr && in != nil {
		s = in
	}
	switch {
	case s == nil && x.inSomePool(addr):
		return nil, refuse // its classes do not let it have the address
	case s == nil && current != nil && current.Addr == addr:
		return nil, refuse // the configuration has changed
	case s == nil && (state == stateSelecting || x.reservedOnLink(addr) || *x.subnet.params.Authoritative):
		return nil, refuse
	case s == nil:
		return nil, silent // it may be another server's
	case x.reservedForOther(addr, s):
		return nil, refuse
	case reserved.IsValid() && reserved != addr && x.available(reserved, in):
		return nil, refuse // it is to start again, and will be offered its own
	}
	g := x.hold(addr, s)
	switch {
	case g != nil:
	case x.over != 0:
		x.limited()
		if state == stateRenewing || state == stateRebinding {
			return nil, silent // it may be another server's
		}
		return nil, refuse
	case current != nil && current.Addr == addr && engine.InUse(current, x.now):
		// Its lease came from another server while somebody else was about to
		// be given the address here, which will fail.
		return nil, silent
	default:
		return nil, refuse
	}
	return g.replacing(current), give
}

// inSomePool says whether a pool on the client's link has the address, whoever
// may use the pool.
func (x *exchange) inSomePool(addr netip.Addr) bool {
	for _, s := range x.subnet.Siblings() {
		if s.poolOf(addr) != nil {
			return true
		}
	}
	return false
}

// reservedOnLink says whether an address outside of the pools is reserved for
// somebody else.
func (x *exchange) reservedOnLink(addr netip.Addr) bool {
	for _, s := range x.subnet.Siblings() {
		if x.reservedForOther(addr, s) {
			return true
		}
	}
	return false
}

// available says whether nobody else has the address.
func (x *exchange) available(addr netip.Addr, s *subnet) bool {
	holder, held := x.e.core.Alloc.Holder(addr)
	return !(held && holder != x.holder) && !x.leasedToOther(addr, s)
}

// leasedToOther says whether somebody else has a lease of the address.
func (x *exchange) leasedToOther(addr netip.Addr, s *subnet) bool {
	l, ok := x.e.core.Store.Lookup(lease.Key{Type: lease.V4, Addr: addr})
	return ok && engine.InUse(&l, x.now) && !owns(x.client, s.byID, &l)
}
