package lease

import (
	"math/bits"
	"net/netip"
)

// Overlapped says whether a lease that has not ended has addresses of a prefix
// without being just of that: such are left when the delegated length of a pool
// is changed. Take knows them; who holds a prefix by name asks before. Leases
// outside of all pools are not known.
func (a *Allocator) Overlapped(p netip.Prefix) bool {
	a.lock()
	defer a.mu.Unlock()
	p = p.Masked()
	for _, u := range a.overlapping(p) {
		if u.overlapped(p) {
			return true
		}
	}
	return false
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
	for word, w := range b {
		for ; w != 0; w &= w - 1 {
			if i := word<<6 | uint64(bits.TrailingZeros64(w)); first <= i && i <= last {
				return true
			}
		}
	}
	return false
}
