package lease

import (
	"iter"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// fakeSource is as much of a store as an allocator sees.
type fakeSource struct {
	mu     sync.Mutex
	leases map[Key]Lease
	fns    []func(old, new *Lease)
}

func (f *fakeSource) Observe(fn func(old, new *Lease)) func() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, l := range f.sorted() {
		fn(nil, &l)
	}
	f.fns = append(f.fns, fn)
	return func() {}
}

func (f *fakeSource) watch(fn func(old, new *Lease)) func() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fns = append(f.fns, fn)
	return func() {}
}

func (f *fakeSource) clock() time.Time { return time.Now() }

func (f *fakeSource) sorted() []Lease {
	return slices.SortedFunc(maps.Values(f.leases), func(a, b Lease) int { return a.Addr.Compare(b.Addr) })
}

func (f *fakeSource) All() iter.Seq[Lease] {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Values(f.sorted())
}

func (f *fakeSource) expiring(after, until time.Time) iter.Seq[Lease] {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Values(slices.DeleteFunc(f.sorted(), func(l Lease) bool {
		return l.ValidLft == Infinite || !l.Expires().After(after) || l.Expires().After(until)
	}))
}

func (f *fakeSource) Overlapping(p netip.Prefix) iter.Seq[Lease] {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Values(slices.DeleteFunc(f.sorted(), func(l Lease) bool { return !l.prefix().Overlaps(p) }))
}

func (f *fakeSource) get(k Key) Lease {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.leases[k]
}

func (f *fakeSource) len() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.leases)
}

func (f *fakeSource) put(l Lease) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var was *Lease
	if old, ok := f.leases[l.Key()]; ok {
		was = &old
	}
	if f.leases == nil {
		f.leases = map[Key]Lease{}
	}
	f.leases[l.Key()] = l
	for _, fn := range f.fns {
		fn(was, &l)
	}
}

func (f *fakeSource) remove(k Key) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if old, ok := f.leases[k]; ok {
		delete(f.leases, k)
		for _, fn := range f.fns {
			fn(&old, nil)
		}
	}
}

func addr(s string) netip.Addr     { return netip.MustParseAddr(s) }
func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

func addrPool(first, last string, t AllocatorType) PoolSpec {
	return PoolSpec{SubnetID: 1, First: addr(first), Last: addr(last), Allocator: t}
}

func v4lease(a string, lft uint32) Lease {
	return Lease{Type: V4, Addr: addr(a), CLTT: time.Now().Unix(), ValidLft: lft, SubnetID: 1}
}

// addrOfNumber returns 10.0.0.0 + i.
func addrOfNumber(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10 + byte(i>>24), byte(i >> 16), byte(i >> 8), byte(i)})
}
