package lease

import (
	"net/netip"
	"slices"
	"time"
)

// Take picks a free address of p, or a prefix by its first address, and holds
// it for holder until the given time (zero: until Release). It returns false
// if there is none.
//
// A holder stands for one binding: a client, with DHCPv6 a client and its IA.
// If it holds an address of p already it is given that one again, so that a
// client that asks twice is offered the same. If everything free is held, the
// offer that ends first gives way; what is held until Release never does.
func (a *Allocator) Take(p *Pool, holder string, until time.Time) (netip.Addr, bool) {
	now := a.lock()
	defer a.mu.Unlock()
	u := p.units
	if u.retired {
		return netip.Addr{}, false
	}
	a.dropEnded(&u.offers, now)
	for _, h := range a.holders[holder] {
		if h.units == u && u.onlyHeld(h.unit) && h.addr == u.addr(h.unit) {
			a.prolong(h, until)
			return h.addr, true
		}
	}
	for {
		if i, ok := u.pick(); ok {
			h := a.hold(u.addr(i), holder, until)
			return h.addr, true
		}
		oldest, ok := u.offers.oldest()
		if !ok {
			return netip.Addr{}, false
		}
		a.end(oldest)
	}
}

// Hold holds addr for holder until the given time (zero: until Release),
// whether it is in a pool or not, excluded, or leased. If holder has it
// already the time is changed. It returns false if somebody else holds it. What
// is held until a time is an offer, and ends when the address is leased.
func (a *Allocator) Hold(addr netip.Addr, holder string, until time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.source.clock()
	a.dropEnded(&a.outside, now)
	h, ok := a.holds[addr]
	if ok && h.ended(now) {
		a.end(h)
		ok = false
	}
	switch {
	case !ok:
		a.hold(addr, holder, until)
	case h.holder == holder:
		a.prolong(h, until)
	default:
		return false
	}
	return true
}

// Release ends holder's hold of addr, if it has one.
func (a *Allocator) Release(addr netip.Addr, holder string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if h, ok := a.holds[addr]; ok && h.holder == holder {
		a.end(h)
	}
}

// Holder returns who holds addr.
func (a *Allocator) Holder(addr netip.Addr) (string, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	h, ok := a.holds[addr]
	if !ok || h.ended(a.source.clock()) {
		return "", false
	}
	return h.holder, true
}

func (a *Allocator) hold(addr netip.Addr, holder string, until time.Time) *hold {
	h := &hold{addr: addr, holder: holder, until: until, place: -1}
	h.units, h.unit = a.unitOf(addr)
	a.attach(h)
	a.holds[addr] = h
	a.holders[holder] = append(a.holders[holder], h)
	return h
}

func (a *Allocator) prolong(h *hold, until time.Time) {
	a.queue(h).remove(h)
	h.until = until
	a.enqueue(h)
}

func (a *Allocator) end(h *hold) {
	delete(a.holds, h.addr)
	rest := slices.DeleteFunc(a.holders[h.holder], func(x *hold) bool { return x == h })
	if a.holders[h.holder] = rest; len(rest) == 0 {
		delete(a.holders, h.holder)
	}
	a.detach(h)
}

// attach enters h at the unit it is of.
func (a *Allocator) attach(h *hold) {
	if u := h.units; u != nil {
		h.fresh = u.fresh(h.unit)
		u.held[h.unit]++
		u.use(h.unit)
	}
	a.enqueue(h)
}

func (a *Allocator) detach(h *hold) {
	a.queue(h).remove(h)
	if u := h.units; u != nil {
		drop(u.held, h.unit)
		u.free(h.unit, !h.fresh)
	}
}

func (a *Allocator) queue(h *hold) *offerQueue {
	if h.units == nil {
		return &a.outside
	}
	return &h.units.offers
}

func (a *Allocator) enqueue(h *hold) {
	if h.until.IsZero() {
		return
	}
	q := a.queue(h)
	if len(*q) == maxOffers {
		a.end((*q)[0])
	}
	q.add(h)
}

func (a *Allocator) dropEnded(q *offerQueue, now time.Time) {
	for len(*q) > 0 && (*q)[0].ended(now) {
		a.end((*q)[0])
	}
}
