package lease

import (
	"cmp"
	"net/netip"
	"slices"
	"time"
)

// observe is told of every lease there is and then of every change.
func (a *Allocator) observe(old, new *Lease) {
	a.mu.Lock()
	defer a.mu.Unlock()
	// The time is taken under the lock, so that what sweep has passed is not
	// judged by an earlier one.
	now := a.judge()
	if old != nil {
		p := old.prefix()
		for _, u := range a.overlapping(p) {
			if u.counted(old) {
				u.count(old, -1)
			}
			if new == nil || new.prefix() != p {
				u.vacate(p, now)
			}
		}
	}
	if new != nil {
		for _, u := range a.overlapping(new.prefix()) {
			u.counted(new)
			u.learn(new, now)
		}
		a.endOffer(new, now)
		if !new.Expired(now) && new.ValidLft != Infinite {
			// Only after the clock was set back can this be in the past.
			a.swept = min(a.swept, new.Expires().Unix()-1)
		}
	}
	if a.sweeping != nil {
		a.sweeping[cmp.Or(new, old).Key()] = struct{}{}
	}
}

// judge returns the time that leases are looked at by. mu is held.
func (a *Allocator) judge() time.Time {
	now := a.source.clock()
	a.judged = max(a.judged, now.Unix())
	return now
}

// lock takes mu after what has expired is freed, and returns the time.
func (a *Allocator) lock() time.Time {
	for {
		a.mu.Lock()
		now := a.source.clock()
		switch t := now.Unix(); {
		case t < a.judged:
			a.mu.Unlock()
			a.setBack()
		case t > a.swept:
			a.mu.Unlock()
			a.sweep(now)
		default:
			return now
		}
	}
}

// sweep frees what has expired since it was called last. Leases end on whole
// seconds, so that once a second is enough.
func (a *Allocator) sweep(now time.Time) {
	a.reading.Lock()
	defer a.reading.Unlock()
	a.mu.Lock()
	from := a.swept
	a.judged = max(a.judged, now.Unix())
	a.mu.Unlock()
	if now.Unix() <= from {
		return
	}
	a.expiring(time.Unix(from, 0), now, func(u *units, l *Lease) { u.vacate(l.prefix(), now) })
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.swept == from && !a.source.clock().Before(now) {
		a.swept = now.Unix()
	}
}

// setBack takes back what was freed before the clock was set back: it has not
// ended after all.
func (a *Allocator) setBack() {
	a.reading.Lock()
	defer a.reading.Unlock()
	a.mu.Lock()
	now, until := a.source.clock(), a.judged
	a.mu.Unlock()
	if now.Unix() >= until {
		return
	}
	a.expiring(now, time.Unix(until, 0), func(u *units, l *Lease) {
		if u.occupiedBy(l) {
			u.occupy(l.prefix())
		}
	})
	a.mu.Lock()
	defer a.mu.Unlock()
	a.judged = now.Unix()
	a.swept = min(a.swept, now.Unix())
}

// expiring has fn look at the leases that end after one time and until another,
// with all units that they are in. reading is held, mu is taken for each.
func (a *Allocator) expiring(after, until time.Time, fn func(*units, *Lease)) {
	a.mu.Lock()
	// What changes from here on is not to be judged by what was read before.
	a.sweeping = map[Key]struct{}{}
	a.mu.Unlock()
	for l := range a.source.expiring(after, until) {
		a.mu.Lock()
		if _, changed := a.sweeping[l.Key()]; !changed {
			for _, u := range a.overlapping(l.prefix()) {
				fn(u, &l)
			}
		}
		a.mu.Unlock()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sweeping = nil
}

// fill reads the leases of units that have come while the store was observed.
func (a *Allocator) fill(added []*units) {
	if len(added) == 0 {
		return
	}
	for l := range a.source.All() {
		a.mu.Lock()
		for _, u := range a.overlapping(l.prefix()) {
			if u.reading && !u.counted(&l) {
				u.learn(&l, a.judge())
			}
		}
		a.mu.Unlock()
	}
}

// finish ends the reading of leases into units.
func (a *Allocator) finish(added []*units) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, u := range added {
		u.finish()
	}
}

// usedUnit is a unit that was in use before it was read in.
type usedUnit struct {
	unit  uint64
	ended time.Time
}

// finish puts the units that were used into the order in which they were freed,
// which is not the one in which they were read.
func (u *units) finish() {
	slices.SortFunc(u.used, func(x, y usedUnit) int { return x.ended.Compare(y.ended) })
	for _, x := range u.used {
		u.free(x.unit, true)
	}
	u.reading, u.used, u.seen = false, nil, nil
}

// counted says whether a lease has been counted before it changes now. While
// leases are read in, a change may come before its lease is read.
func (u *units) counted(l *Lease) bool {
	if u.seen == nil {
		return true
	}
	_, ok := u.seen[l.Key()]
	u.seen[l.Key()] = struct{}{}
	return ok
}

func (u *units) count(l *Lease, by int) {
	if l.Type != u.typ || !u.contains(l.Addr) {
		return
	}
	switch l.State {
	case Declined:
		u.usage.Declined += uint64(by)
		u.usage.Assigned += uint64(by)
	case Assigned:
		u.usage.Assigned += uint64(by)
	}
}

// learn takes in a lease as it is now.
func (u *units) learn(l *Lease, now time.Time) {
	u.count(l, +1)
	switch p := l.prefix(); {
	case l.Expired(now):
		u.vacate(p, l.Expires())
	case u.occupiedBy(l):
		u.occupy(p)
	default:
		u.vacate(p, now)
	}
}

// occupies says whether the lease keeps what is leased from others until it
// ends.
func (l *Lease) occupies() bool {
	return l.State == Assigned || l.State == Declined || l.State == Registered
}

// occupiedBy says whether the lease keeps units from others. A registered
// address keeps no prefix: it has been made within one that is delegated, and
// may stay for longer than that is.
func (u *units) occupiedBy(l *Lease) bool {
	return l.occupies() && !(u.typ == PD && l.State == Registered)
}

func (u *units) occupy(p netip.Prefix) {
	i, ok := u.index(p.Addr())
	switch {
	case p.Bits() != u.len:
		if !u.odd.has(p) {
			u.odd.add(u.unitRange, p)
			if p.Bits() > u.len && ok {
				u.use(i)
			}
		}
	case ok:
		u.leased.set(i)
		u.use(i)
	}
}

// vacate frees what was leased as p until it ended.
func (u *units) vacate(p netip.Prefix, ended time.Time) {
	i, ok := u.index(p.Addr())
	switch {
	case p.Bits() != u.len:
		if u.odd.has(p) {
			u.odd.remove(u.unitRange, p)
			if p.Bits() > u.len && ok {
				u.free(i, true)
			}
		}
	case ok:
		u.leased.clear(i)
		if u.freed != nil && u.reading {
			u.used = append(u.used, usedUnit{i, ended})
			u.free(i, false)
		} else {
			u.free(i, true)
		}
	}
}

// prefix returns what is leased, an address being a prefix of all its bits.
func (l *Lease) prefix() netip.Prefix {
	if l.Type != PD {
		return netip.PrefixFrom(l.Addr, l.Addr.BitLen())
	}
	if l.PrefixLen == 0 {
		return netip.Prefix{} // no lease delegates everything
	}
	return netip.PrefixFrom(l.Addr, int(l.PrefixLen)).Masked()
}
