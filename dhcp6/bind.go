package dhcp6

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

// bindAll chooses what the identity associations of the query are to have, each
// by a function.
func (x *exchange) bindAll(choose func(*ia) *binding) bindings {
	x.bindingRoom = x.bindingRoom[:0]
	defer x.offer()
	if x.subnet == nil && len(x.all) > 0 {
		x.e.core.Log.Warn("no subnet for client", "client", engine.LoggedDUID(x.client), "interface", x.q.Interface,
			"link", x.link(), "classes", x.loggedClasses())
		if !x.linked() {
			x.e.core.Stats.CountNoSubnet()
		}
	}
	for i := range x.all {
		x.bindingRoom = append(x.bindingRoom, choose(&x.all[i]))
	}
	return x.bindingRoom
}

// loggedClasses are the classes of the query for the log, which may keep them.
func (x *exchange) loggedClasses() []string { return slices.Clone([]string(x.classes)) }

// bind chooses what an identity association is to have and holds it. In Kea's
// order: what is reserved for the client, what it has had, and then, with
// regard to its wishes, what is free. Like Kea it gives one address or prefix;
// a client that has more of them, from a partner say, keeps them.
func (x *exchange) bind(a *ia) *binding {
	b := x.newBinding(a)
	x.spare, x.over = 0, 0
	if x.subnet == nil {
		b.status = none(a.typ)
		return b
	}
	own := x.leasesOf(a)
	x.bindReserved(b, own)
	for i := range own {
		l := &own[i]
		p := prefixOf(l)
		if slices.ContainsFunc(b.grants, func(g *grant) bool { return g.prefix == p }) {
			continue
		}
		if s := x.keeps(l, b); s != nil {
			if g := x.hold(a, p, s); g != nil {
				b.grants = append(b.grants, g)
				continue
			}
		}
		if engine.InUse(l, x.now) {
			b.lost = append(b.lost, *l)
		}
	}
	if len(b.grants) == 0 {
		x.spare = int64(min(len(b.lost), 1))
		if g := x.pick(a); g != nil {
			b.grants = append(b.grants, g)
		}
	}
	if len(b.grants) == 0 {
		b.status = none(a.typ)
		if x.over != 0 {
			x.limited(a.typ, x.subnet)
		} else {
			x.allocationFailed(a.typ)
		}
		return b
	}
	// What else the client wants is looked for there first.
	x.subnet = b.grants[0].subnet
	return b
}

// bindReserved grants what is reserved for the client, as far as it can have it:
// what the identity association has of it already or else the first that is free.
// No other identity association gets the same.
func (x *exchange) bindReserved(b *binding, own []lease.Lease) {
	for i := range own {
		p := prefixOf(&own[i])
		if s := x.p.byID[own[i].SubnetID]; s != nil && s.Allows(x.classes) && slices.Contains(x.reservations(b.typ, s), p) {
			if g := x.hold(b.ia, p, s); g != nil {
				b.grants = append(b.grants, g)
			}
		}
	}
	if len(b.grants) > 0 {
		return
	}
	for s := range x.candidates(x.subnet) {
		for _, p := range x.reservations(b.typ, s) {
			if g := x.hold(b.ia, p, s); g != nil {
				b.grants = append(b.grants, g)
				return
			}
			x.reservationConflict(b.ia, p, s)
		}
		if x.leads(s) {
			x.subnet = s
			return
		}
	}
}

// reservations returns what is reserved for the client in a subnet, as far as
// it counts there.
func (x *exchange) reservations(typ lease.Type, s *subnet) (list []netip.Prefix) {
	h := x.hostIn(s)
	if h == nil {
		return nil
	}
	if typ == lease.PD {
		list = slices.Clone(h.prefixes)
	} else {
		for _, addr := range h.addrs {
			if s.prefix.Contains(addr) { // a global one may be of another subnet
				list = append(list, netip.PrefixFrom(addr, 128))
			}
		}
	}
	if !*s.params.ReservationsOutOfPool {
		return list
	}
	return slices.DeleteFunc(list, func(p netip.Prefix) bool { return s.poolOf(typ, p.Addr()) != nil })
}

// leads says whether the client has a reservation of the subnet's own that
// reserves nothing: it is to be served from there.
func (x *exchange) leads(s *subnet) bool {
	h := s.Own.Find(x.ids)
	return h != nil && !h.reserves()
}

// keeps returns the subnet in which a client may keep its lease, beside what it
// has been granted; nil: it may not. It is the subnet that has the address now,
// whichever had it when the lease was given.
func (x *exchange) keeps(l *lease.Lease, b *binding) *subnet {
	if slices.ContainsFunc(b.grants, func(g *grant) bool { return x.isReserved(g) }) {
		return nil // a client that has what is reserved for it has nothing else
	}
	s, _ := x.poolFor(l.Type, l.Addr)
	if s == nil || x.reservedForOther(prefixOf(l), s) {
		return nil
	}
	return s
}

// isReserved says whether a grant is of what is reserved for the client.
func (x *exchange) isReserved(g *grant) bool {
	return slices.Contains(x.reservations(g.typ, g.subnet), g.prefix)
}

// pick takes what is free: what the client wishes for, or anything. Of prefixes,
// as RFC 8168, section 3.2, has it, those of the length that it wishes for come
// first and then shorter ones, the closest first; like Kea it takes a longer one
// rather than none.
func (x *exchange) pick(a *ia) *grant {
	w := a.hint()
	for round := anyLength(a, w); round.order < round.orders; round.order++ {
		if g := x.wished(a, w, round); g != nil {
			return g
		}
		for _, from := range x.poolsWith(a.typ, w, round) {
			if x.full(a, from.subnet) {
				continue
			}
			first, ok := x.e.core.Alloc.Take(from.pool.free, a.holder, x.until())
			if !ok {
				continue
			}
			p := netip.PrefixFrom(first, from.pool.length())
			if g := x.grantOf(a, p, from.subnet); g != nil {
				return g
			}
			x.e.core.Alloc.Release(first, a.holder)
		}
	}
	return nil
}

// lengths is a round in which prefixes are looked for: one of several, if a
// length is wanted.
type lengths struct{ wanted, order, orders int }

// anyLength is the first round.
func anyLength(a *ia, w wish) lengths {
	wanted := w.prefix.Bits()
	if a.typ != lease.PD || wanted <= 0 || wanted == 128 {
		return lengths{orders: 1}
	}
	return lengths{wanted: wanted, orders: 3}
}

// have says whether a length is one of the round.
func (r lengths) have(n int) bool {
	switch {
	case r.orders == 1:
		return true
	case r.order == 0:
		return n == r.wanted
	case r.order == 1:
		return n < r.wanted
	default:
		return n > r.wanted
	}
}

// length is that of what the pool gives.
func (pl *pool) length() int {
	if pl.prefix.IsValid() {
		return pl.delegatedLen
	}
	return 128
}

// wished returns a grant of what the client wishes for; nil: it cannot have it.
func (x *exchange) wished(a *ia, w wish, fit lengths) *grant {
	if !w.prefix.IsValid() || w.only() {
		return nil
	}
	s, pl := x.poolFor(a.typ, w.prefix.Addr())
	if s == nil || !fit.have(pl.length()) || x.full(a, s) {
		return nil
	}
	p, err := w.prefix.Addr().Prefix(pl.length())
	if err != nil || x.reservedForOther(p, s) || a.typ == lease.NA && s.anycast(p.Addr()) {
		return nil
	}
	return x.hold(a, p, s)
}

// source is a pool, and the subnet it is in.
type source struct {
	subnet *subnet
	pool   *pool
}

// poolsWith returns the pools that the client may be served from whose length
// fits: those of one subnet after those of the other, but what is closest to the
// wish first.
func (x *exchange) poolsWith(typ lease.Type, w wish, fit lengths) []source {
	list := x.sourceRoom[:0]
	for s := range x.candidates(x.subnet) {
		for _, pl := range s.poolsOf(typ) {
			if fit.have(pl.length()) && x.classes.Allowed(&pl.Guard) {
				list = append(list, source{s, pl})
			}
		}
	}
	if wanted := w.prefix.Bits(); typ == lease.PD && wanted > 0 {
		distance := func(f source) int { return max(f.pool.length()-wanted, wanted-f.pool.length()) }
		slices.SortStableFunc(list, func(f, g source) int { return cmp.Compare(distance(f), distance(g)) })
	}
	x.sourceRoom = list
	return list
}

// reservationConflict reports that somebody else has what is reserved for the
// client. What another of its identity associations has is none.
func (x *exchange) reservationConflict(a *ia, p netip.Prefix, s *subnet) {
	l, ok := x.e.core.Store.Lookup(lease.Key{Type: a.typ, Addr: p.Addr()})
	if !ok || string(l.ClientID) == string(x.client.ID) {
		return
	}
	x.e.core.Log.Warn("reservation is in use", "client", engine.LoggedDUID(x.client), "prefix", p, "subnet", s.id, "by", engine.LoggedDUID(lease.Client{ID: l.ClientID, HWAddr: l.HWAddr}))
}
