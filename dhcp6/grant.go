package dhcp6

import (
	"net/netip"
	"time"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

// grant is an address or prefix that a client is to have. It is held for the
// client's identity association.
type grant struct {
	typ    lease.Type
	prefix netip.Prefix // an address is one of 128 bits
	subnet *subnet
	pool   *pool // nil: a reservation outside of the pools
	host   *host // nil: the client has no reservation there

	preferred, valid uint32 // seconds

	there bool        // a lease of it is there, whosever
	was   lease.Lease // that
	mine  bool        // it is of the identity association already
}

func (g *grant) key() lease.Key { return lease.Key{Type: g.typ, Addr: g.prefix.Addr()} }

// isNew says whether the identity association does not have it yet.
func (g *grant) isNew(now time.Time) bool { return !g.mine || !engine.InUse(&g.was, now) }

// hold holds an address or prefix for an identity association if nobody else
// has it; nil: somebody has. What is another's is not held even for a moment,
// in which its client would be refused it. And the lease is looked at again
// once it is held, as before that another query's could still be coming.
func (x *exchange) hold(a *ia, p netip.Prefix, s *subnet) *grant {
	if !x.available(a, p) {
		return nil
	}
	if !x.e.core.Alloc.Hold(p.Addr(), a.holder, x.until()) {
		return nil
	}
	g := x.grantOf(a, p, s)
	if g == nil {
		x.e.core.Alloc.Release(p.Addr(), a.holder)
	}
	return g
}

// until is how long what is chosen is held at first. While others of the query
// are still to be chosen it does not give way to them, as an offer would where
// nothing else is left.
func (x *exchange) until() time.Time {
	if len(x.all) > 1 {
		return time.Time{}
	}
	return x.now.Add(engine.OfferHold)
}

// offer makes offers of what has been chosen for the query.
func (x *exchange) offer() {
	if len(x.all) <= 1 {
		return
	}
	for _, b := range x.bindingRoom {
		for _, g := range b.grants {
			x.e.core.Alloc.Hold(g.prefix.Addr(), b.holder, x.now.Add(engine.OfferHold))
		}
	}
}

// available says whether nobody else has an address or prefix, or a part of it.
func (x *exchange) available(a *ia, p netip.Prefix) bool {
	if holder, held := x.e.core.Alloc.Holder(p.Addr()); held && holder != a.holder && !x.forgotten(p.Addr(), holder) {
		return false
	}
	l, ok := x.e.core.Store.Lookup(lease.Key{Type: a.typ, Addr: p.Addr()})
	if ok && engine.InUse(&l, x.now) {
		return x.owns(a, &l)
	}
	return !x.e.core.Alloc.Overlapped(p)
}

// forgotten ends an offer to an identity association of the same client that it
// speaks of no more: it has started anew under another IAID, and would wait for
// its own reservation. Nothing of it is being committed, as its queries are
// answered one after another.
func (x *exchange) forgotten(addr netip.Addr, holder string) bool {
	if len(holder) < holderHead || holder[holderHead:] != x.name {
		return false
	}
	for i := range x.all {
		if x.all[i].holder == holder {
			return false
		}
	}
	x.e.core.Alloc.Release(addr, holder)
	return true
}

// grantOf makes a grant of what is held for the identity association; nil: it
// is another's, or its own with another length, or a limit keeps the client from
// it.
func (x *exchange) grantOf(a *ia, p netip.Prefix, s *subnet) *grant {
	g := x.grants.next()
	*g = grant{typ: a.typ, prefix: p, subnet: s, pool: s.poolOf(a.typ, p.Addr()), host: x.hostIn(s)}
	if g.was, g.there = x.e.core.Store.Lookup(g.key()); g.there {
		g.mine = x.owns(a, &g.was) && prefixOf(&g.was) == p
		if !g.mine && engine.InUse(&g.was, x.now) {
			return nil
		}
	}
	if !x.within(a, g) {
		return nil
	}
	x.classifyFor(s, g.pool, g.host)
	g.preferred, g.valid = x.chooseLifetimes(s, a.hint())
	return g
}

// fill makes the lease that a grant leads to.
func (g *grant) fill(l *lease.Lease, x *exchange, a *ia, name string) {
	*l = lease.Lease{
		Type:         g.typ,
		Addr:         g.prefix.Addr(),
		ClientID:     x.client.ID,
		HWAddr:       x.client.HWAddr,
		IAID:         a.id,
		SubnetID:     g.subnet.id,
		CLTT:         x.now.Unix(),
		ValidLft:     g.valid,
		PreferredLft: g.preferred,
		Hostname:     name,
		State:        lease.Assigned,
	}
	if g.typ == lease.PD {
		l.PrefixLen = uint8(g.prefix.Bits())
	}
	if len(l.HWAddr) > 0 {
		l.HWType, l.HWSource = x.hwType, x.hwSource
	}
	if g.pool != nil {
		l.PoolID = g.pool.id
	}
	if g.mine {
		l.UserContext = g.was.UserContext
	}
	if *g.subnet.params.StoreExtendedInfo {
		l.UserContext = withRelayInfo(l.UserContext, x.in.relays)
	}
}
