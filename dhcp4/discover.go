package dhcp4

import (
	"context"
	"net/netip"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

// discover answers a DHCPDISCOVER (RFC 2131, section 4.3.1).
func (x *exchange) discover(ctx context.Context) (*message, error) {
	if x.subnet == nil {
		x.e.core.Log.Warn("no subnet for client", "client", engine.Logged(x.client), "interface", x.q.iface, "relay", x.q.giaddr,
			"source", x.q.source, "unicast", x.q.unicast)
		if !x.linked() {
			x.e.core.Stats.CountNoSubnet()
		}
		x.e.core.Stats.Dropped.Add(1)
		return nil, nil
	}
	if s := x.ipv6Only(); s != nil {
		return x.withoutIPv4(s)
	}
	g := x.offer()
	switch {
	case g != nil:
	case x.over != 0:
		x.limited()
		x.e.core.Stats.Dropped.Add(1)
		return nil, nil
	default:
		x.allocationFailed()
		return nil, nil
	}
	if x.q.options.has(optRapidCommit) && *g.subnet.params.RapidCommit {
		reply, err := x.commit(ctx, g)
		if reply != nil {
			reply.options.set(optRapidCommit, nil)
		}
		return reply, err
	}
	return x.grantReply(dhcpv4.MessageTypeOffer, g), nil
}

// offer chooses an address, in the order of RFC 2131, section 4.3.1, with
// reservations before everything, and holds it.
func (x *exchange) offer() *grant {
	current := x.findLease()
	x.givesUp(current)
	if addr, s := x.reservedAddress(); s != nil {
		x.subnet = s
		if addr.IsValid() {
			if g := x.hold(addr, s); g != nil {
				return g.replacing(current)
			}
			x.reservationConflict(addr, s)
		}
	}
	if current != nil {
		if s, _ := x.poolFor(current.Addr); s != nil && s.id == current.SubnetID && !x.reservedForOther(current.Addr, s) {
			if g := x.hold(current.Addr, s); g != nil {
				return g
			}
		}
	}
	if hint := x.q.addressOption(optRequestedAddr); hint.IsValid() {
		if s, _ := x.poolFor(hint); s != nil && !x.reservedForOther(hint, s) && !x.endsOdd(hint, s) {
			if g := x.hold(hint, s); g != nil {
				return g.replacing(current)
			}
		}
	}
	return x.pick().replacing(current)
}

// pick takes a free address of the first pool that has one.
func (x *exchange) pick() *grant {
	for s := range x.candidates() {
		if x.full(s) {
			continue
		}
		for _, pl := range s.pools {
			if !x.classes.Allowed(&pl.Guard) {
				continue
			}
			if addr, ok := x.e.core.Alloc.Take(pl.free, x.holder, x.now.Add(s.offerHold())); ok {
				g := x.grantOf(addr, s)
				if g == nil {
					x.e.core.Alloc.Release(addr, x.holder)
				}
				return g
			}
		}
	}
	return nil
}

// hold holds an address if nobody else has it; nil: somebody has. What is
// another's is not held even for a moment, in which its client would be refused
// it. And the lease is looked at again once the address is held, as before that
// another query's could still be coming.
func (x *exchange) hold(addr netip.Addr, s *subnet) *grant {
	holder, held := x.e.core.Alloc.Holder(addr)
	if held && holder != x.holder && !x.takesBack(addr, s, holder) || x.leasedToOther(addr, s) {
		return nil
	}
	if !x.e.core.Alloc.Hold(addr, x.holder, x.now.Add(s.offerHold())) {
		return nil
	}
	g := x.grantOf(addr, s)
	if g == nil && !held {
		x.e.core.Alloc.Release(addr, x.holder)
	}
	return g
}

// takesBack ends an offer that keeps the client from its own lease, and says
// whether that is what it has. Who was offered it is the same client under
// another identity, such as a boot loader that sends no client identifier, and
// has perhaps been followed by this one. What is being committed stays held.
func (x *exchange) takesBack(addr netip.Addr, s *subnet, holder string) bool {
	l, ok := x.e.core.Store.Lookup(lease.Key{Type: lease.V4, Addr: addr})
	if !ok || l.State != lease.Assigned || l.Expired(x.now) || !owns(x.client, s.byID, &l) {
		return false
	}
	x.e.core.Alloc.ReleaseOffers(holder)
	return true
}

// offerHold is how long an offer of the subnet is kept.
func (s *subnet) offerHold() time.Duration {
	if n := *s.params.OfferLifetime; n > 0 {
		return time.Duration(n) * time.Second
	}
	return engine.OfferHold
}

// endsOdd says whether exclude-first-last-24 keeps the address from being
// given to who does not have it.
func (x *exchange) endsOdd(addr netip.Addr, s *subnet) bool {
	last := addr.As4()[3]
	c := x.p.cfg.Compatibility
	return c != nil && c.ExcludeFirstLast24 && s.prefix.Bits() <= 24 && (last == 0 || last == 255)
}

// reservationConflict reports that somebody else has the client's address.
func (x *exchange) reservationConflict(addr netip.Addr, s *subnet) {
	l, _ := x.e.core.Store.Lookup(lease.Key{Type: lease.V4, Addr: addr})
	x.e.core.Log.Warn("reserved address is in use", "client", engine.Logged(x.client), "address", addr, "subnet", s.id, "by", engine.Logged(lease.Client{ID: l.ClientID, HWAddr: l.HWAddr}))
	x.e.core.Stats.Count("v4-reservation-conflicts", s.id)
}
