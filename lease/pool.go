package lease

import (
	"fmt"
	"math/big"
	"net/netip"
	"slices"
)

// Pool is one pool of an Allocator.
type Pool struct {
	spec  PoolSpec
	alloc *Allocator
	units *units // shared by the pools of the same range before and after SetPools
}

// Spec returns what the pool was made from.
func (p *Pool) Spec() PoolSpec { return p.spec }

// Contains says whether addr is in the pool, excluded or not.
func (p *Pool) Contains(addr netip.Addr) bool { return p.units.contains(addr) }

// Total returns how many addresses or prefixes the pool has, the excluded ones
// included.
func (p *Pool) Total() *big.Int { return p.units.size() }

// Usage counts the leases of a pool.
type Usage struct {
	Assigned uint64 // leases that are assigned or declined, the expired ones included until they are reclaimed
	Declined uint64 // those of them that are declined
}

// Usage returns the number of leases in the pool, as Kea's statistics
// assigned-addresses and declined-addresses count them.
func (p *Pool) Usage() Usage {
	p.alloc.mu.Lock()
	defer p.alloc.mu.Unlock()
	return p.units.usage
}

// newPools validates specs and returns their pools, which have no units yet.
func newPools(a *Allocator, specs []PoolSpec) ([]*Pool, error) {
	pools := make([]*Pool, len(specs))
	for i, s := range specs {
		if err := s.validate(); err != nil {
			return nil, err
		}
		s.Exclude = slices.Clone(s.Exclude)
		pools[i] = &Pool{spec: s, alloc: a}
	}
	sorted := slices.SortedFunc(slices.Values(pools), func(x, y *Pool) int { return x.spec.first().Compare(y.spec.first()) })
	for i, p := range sorted {
		if i == 0 {
			continue
		}
		if before := sorted[i-1]; before.spec.last().Compare(p.spec.first()) >= 0 {
			return nil, fmt.Errorf("lease: pool %v of subnet %d overlaps pool %v of subnet %d",
				before.spec, before.spec.SubnetID, p.spec, p.spec.SubnetID)
		}
	}
	return pools, nil
}

func (s PoolSpec) first() netip.Addr {
	if s.Prefix.IsValid() {
		return s.Prefix.Addr()
	}
	return s.First
}

func (s PoolSpec) last() netip.Addr {
	if s.Prefix.IsValid() {
		return lastAddr(s.Prefix)
	}
	return s.Last
}
