package lease

import (
	"iter"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Allocator picks free addresses from pools and holds them while their leases
// are being made. All of it is in memory: holds end with the process.
//
// An address is free unless it has an unexpired lease, is held, or is excluded
// from its pool. It is free the moment its lease expires, whether the lease
// has been reclaimed or not.
//
// Its methods may be called by many goroutines at the same time.
type Allocator struct {
	source source
	stop   func()

	// reading is held while leases are read from the source. It comes before
	// the source's own lock, and that before mu, as the source calls observe
	// with its lock taken.
	reading sync.Mutex

	mu       sync.Mutex
	pools    []*Pool  // in the order of their specs
	sorted   []*units // by address
	holds    map[netip.Addr]*hold
	holders  map[string][]*hold
	outside  offerQueue // offers of addresses outside of all pools
	swept    int64      // leases that ended until then are freed, Unix seconds
	judged   int64      // the latest time that any lease was taken for ended by
	sweeping map[Key]struct{}
}

// source is what an Allocator needs of a Store.
type source interface {
	clock() time.Time
	Observe(fn func(old, new *Lease)) (stop func())
	expiring(after, until time.Time) iter.Seq[Lease]
	All() iter.Seq[Lease]
	Overlapping(p netip.Prefix) iter.Seq[Lease]
}

// NewAllocator returns an allocator for the pools that specs describe. It
// learns from the store which addresses are leased, until it is closed. A spec
// that is not valid and pools that overlap are errors.
func NewAllocator(s *Store, specs []PoolSpec) (*Allocator, error) { return newAllocator(s, specs) }

func newAllocator(s source, specs []PoolSpec) (*Allocator, error) {
	a := &Allocator{
		source:  s,
		holds:   map[netip.Addr]*hold{},
		holders: map[string][]*hold{},
		swept:   s.clock().Unix(),
	}
	pools, err := newPools(a, specs)
	if err != nil {
		return nil, err
	}
	added := a.install(pools)
	a.stop = s.Observe(a.observe)
	a.finish(added)
	return a, nil
}

// Close ends the observation of the store.
func (a *Allocator) Close() { a.stop() }

// SetPools replaces the pools and returns the new ones in the order of specs.
// Holds stay. Pools that are gone give nothing any more. After an error all is
// as it was.
func (a *Allocator) SetPools(specs []PoolSpec) ([]*Pool, error) {
	pools, err := newPools(a, specs)
	if err != nil {
		return nil, err
	}
	a.reading.Lock()
	defer a.reading.Unlock()
	added := a.install(pools)
	a.fill(added)
	a.finish(added)
	return pools, nil
}

// Pools returns the pools in the order of their specs.
func (a *Allocator) Pools() []*Pool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.pools)
}

// install makes pools the pools of a and returns the units that are new. Those
// that are not keep what is known of them.
func (a *Allocator) install(pools []*Pool) (added []*units) {
	type identity struct {
		unitRange
		allocator AllocatorType
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	before := map[identity]*units{}
	for _, u := range a.sorted {
		before[identity{u.unitRange, u.allocator}] = u
		u.retired = true
	}
	a.pools, a.sorted = slices.Clone(pools), nil
	for _, p := range pools {
		u := newUnits(p.spec)
		if known, ok := before[identity{u.unitRange, u.allocator}]; ok {
			u = known
			u.retired = false
		} else {
			u.reading = true
			if a.stop != nil {
				u.seen = map[Key]struct{}{}
			}
			added = append(added, u)
		}
		u.exclude(p.spec.Exclude)
		p.units = u
		a.sorted = append(a.sorted, u)
	}
	slices.SortFunc(a.sorted, func(x, y *units) int { return x.compareFirst(y.addr(0)) })
	for _, h := range a.holds {
		if u, unit := a.unitOf(h.addr); u != h.units {
			a.detach(h)
			h.units, h.unit = u, unit
			a.attach(h)
		}
	}
	return added
}

// overlapping returns the units that share addresses with p.
func (a *Allocator) overlapping(p netip.Prefix) []*units {
	if !p.IsValid() {
		return nil
	}
	first, last := p.Addr(), p.Addr()
	if !p.IsSingleIP() {
		last = lastAddr(p)
	}
	from, _ := slices.BinarySearchFunc(a.sorted, first, func(u *units, first netip.Addr) int {
		return u.compareEnd(first)
	})
	to := from
	for to < len(a.sorted) && a.sorted[to].compareFirst(last) <= 0 {
		to++
	}
	return a.sorted[from:to]
}

// unitOf returns the unit that addr is in, nil if it is outside of all pools.
func (a *Allocator) unitOf(addr netip.Addr) (*units, uint64) {
	for _, u := range a.overlapping(netip.PrefixFrom(addr, addr.BitLen())) {
		if i, ok := u.index(addr); ok {
			return u, i
		}
	}
	return nil, 0
}
