package lease

import (
	"math/rand/v2"
	"net/netip"
)

// units says which units of a pool are free. A unit is in use while an
// unexpired lease overlaps it, somebody holds it, or it is excluded. The lock
// of the Allocator guards all of it.
type units struct {
	unitRange
	typ       Type
	allocator AllocatorType

	busy     *trie // in use; with FLQ also what is in freed, so that the rest was never used
	leased   bitset
	odd      oddLeases
	held     map[uint64]int // holds on the unit
	excluded map[uint64]struct{}
	freed    *freedQueue // FLQ only
	offers   offerQueue
	next     uint64 // Iterative: where the search starts

	usage   Usage
	retired bool // no longer a pool: nothing is picked

	// While leases are read in:
	reading bool
	seen    map[Key]struct{} // those that have been counted, if the store is observed at the same time
	used    []usedUnit       // FLQ: units to be put into freed
}

func newUnits(s PoolSpec) *units {
	u := &units{
		unitRange: s.units(),
		typ:       s.Type(),
		allocator: s.Allocator,
		leased:    bitset{},
		held:      map[uint64]int{},
		excluded:  map[uint64]struct{}{},
	}
	u.busy = newTrie(u.last)
	if s.Allocator == FLQ {
		u.freed = newFreedQueue()
	}
	return u
}

func (u *units) inUse(i uint64) bool {
	if u.leased.has(i) || u.held[i] > 0 || u.odd.parts[i] > 0 {
		return true
	}
	_, ok := u.excluded[i]
	return ok
}

// onlyHeld says whether the unit would be free but for one hold on it.
func (u *units) onlyHeld(i uint64) bool {
	_, excluded := u.excluded[i]
	_, blocked := u.odd.blocked(u.unitRange, i)
	return u.held[i] == 1 && !excluded && !blocked && !u.leased.has(i) && u.odd.parts[i] == 0
}

// use takes a unit out of what is free, after a reason for that has come.
func (u *units) use(i uint64) {
	if u.freed != nil {
		u.freed.remove(i)
	}
	u.busy.set(i)
}

// free puts a unit back, after a reason not to has gone. used says that it
// was in a client's hands.
func (u *units) free(i uint64, used bool) {
	if u.inUse(i) {
		return
	}
	if u.freed == nil || !used {
		u.busy.clear(i)
		return
	}
	u.busy.set(i)
	if oldest, full := u.freed.push(i); full {
		u.busy.clear(oldest)
	}
}

// fresh says whether FLQ has never seen the unit used.
func (u *units) fresh(i uint64) bool {
	return u.freed != nil && !u.leased.has(i) && !u.freed.has(i)
}

func (u *units) exclude(addrs []netip.Addr) {
	before := u.excluded
	u.excluded = make(map[uint64]struct{}, len(addrs))
	for _, a := range addrs {
		if i, ok := u.index(a); ok {
			u.excluded[i] = struct{}{}
			u.use(i)
		}
	}
	for i := range before {
		u.free(i, false)
	}
}

// pick returns a free unit in the order of the pool's allocator.
func (u *units) pick() (uint64, bool) {
	switch u.allocator {
	case Random:
		return u.pickRandom()
	case FLQ:
		if i, ok := u.pickRandom(); ok {
			return i, true
		}
		for i := range u.freed.oldestFirst() {
			if _, blocked := u.odd.blocked(u.unitRange, i); !blocked {
				return i, true
			}
		}
		return 0, false
	default:
		i, ok := u.from(u.next)
		if ok {
			u.next = i + 1 // past the last: from starts over
		}
		return i, ok
	}
}

// pickRandom tries a few units blindly, which in all but a crowded pool gives
// each the same chance, and then takes what comes after a random one.
func (u *units) pickRandom() (uint64, bool) {
	var i uint64
	for range 8 {
		if i = rand.Uint64(); u.last+1 != 0 {
			i = rand.Uint64N(u.last + 1)
		}
		if u.busy.has(i) {
			continue
		}
		if _, blocked := u.odd.blocked(u.unitRange, i); !blocked {
			return i, true
		}
	}
	return u.from(i)
}

// from returns the first free unit from i on, and from the start again.
func (u *units) from(i uint64) (uint64, bool) {
	if i <= u.last {
		if f, ok := u.upwards(i); ok {
			return f, true
		}
	}
	return u.upwards(0)
}

func (u *units) upwards(i uint64) (uint64, bool) {
	for {
		f, ok := u.busy.next(i)
		if !ok {
			return 0, false
		}
		end, blocked := u.odd.blocked(u.unitRange, f)
		if !blocked {
			return f, true
		}
		if end == u.last {
			return 0, false
		}
		i = end + 1
	}
}
