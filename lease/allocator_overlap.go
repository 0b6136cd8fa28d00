package lease

import (
	"math/bits"
	"net/netip"
)

// Overlapped says whether a lease that has not ended has addresses of a prefix
// without being just of that: such are left when the delegated length of a pool
// or a reservation is changed, and reserved prefixes may contain others. Take
// knows those of its pool; who holds something by name asks before.
//
// A registered address keeps nobody from a prefix around it: its client has
// made it within what is delegated to it.
func (a *Allocator) Overlapped(p netip.Prefix) bool {
	p = p.Masked()
	overlapped, known := a.overlappedInPools(p)
	if known {
		return overlapped
	}
	now := a.source.clock()
	for l := range a.source.Overlapping(p) {
		if l.prefix() != p && l.State != Registered && l.occupies() && !l.Expired(now) {
			return true
		}
	}
	return false
}

// overlappedInPools is Overlapped as far as pools know it; otherwise it is not
// known.
func (a *Allocator) overlappedInPools(p netip.Prefix) (overlapped, known bool) {
	a.lock()
	defer a.mu.Unlock()
	for _, u := range a.overlapping(p) {
		if u.overlapped(p) {
			return true, true
		}
		known = known || u.contains(p.Addr()) && u.contains(lastAddr(p))
	}
	return false, known
}

func (u *units) overlapped(p netip.Prefix) bool {
	i, ok := u.index(p.Addr())
	if p.Bits() == u.len && ok {
		_, blocked := u.odd.blocked(u.unitRange, i)
		return blocked || u.odd.parts[i] > 0
	}
	if p.Bits() > u.len && ok && u.leased.has(i) {
		return true
	}
	if p.Bits() < u.len && u.leased.any(i, u.lastOf(p)) {
		return true
	}
	for other := range u.odd.leases {
		if other != p && other.Overlaps(p) {
			return true
		}
	}
	return false
}

// lastOf returns the last unit of the range that is in a prefix.
func (u *units) lastOf(p netip.Prefix) uint64 {
	if last, ok := u.index(lastAddr(p)); ok {
		return last
	}
	return u.last
}

// any says whether one of the numbers from first to last is in.
func (b bitset) any(first, last uint64) bool {
	in := func(word, w uint64) bool {
		for ; w != 0; w &= w - 1 {
			if i := word<<6 | uint64(bits.TrailingZeros64(w)); first <= i && i <= last {
				return true
			}
		}
		return false
	}
	// There are few words in most ranges, and few in most sets.
	if from, to := first>>6, last>>6; to-from < uint64(len(b)) {
		for word := from; word <= to; word++ {
			if in(word, b[word]) {
				return true
			}
		}
		return false
	}
	for word, w := range b {
		if in(word, w) {
			return true
		}
	}
	return false
}
