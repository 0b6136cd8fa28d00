package engine

import (
	"fmt"
	"math"
	"math/big"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// subnetStats are the counted statistics of a subnet and its pools.
type subnetStats struct {
	counters
	pools []poolStats
}

type poolStats struct {
	*lease.Pool
	typ lease.Type
	counters
}

// poolOf returns the counters of the pool that has what is leased, or nil: it
// may be reserved outside of the pools.
func (in *subnetStats) poolOf(l *lease.Lease) counters {
	for i := range in.pools {
		if pl := &in.pools[i]; pl.typ == l.Type && pl.Contains(l.Addr) {
			return pl.counters
		}
	}
	return nil
}

// setSubnets gives subnets and their pools statistics, and drops those of
// subnets and pools that are gone.
func (s *Stats) setSubnets(subnets []ctrl.Subnet, pools []*lease.Pool, store *lease.Store) {
	b := &statsBuilder{s, store, map[string]bool{}}
	bySubnet := map[uint32][]*lease.Pool{}
	for _, pl := range pools {
		id := pl.Spec().SubnetID
		bySubnet[id] = append(bySubnet[id], pl)
	}
	all := map[uint32]*subnetStats{}
	for _, subnet := range subnets {
		all[subnet.ID] = b.subnet(subnet.ID, bySubnet[subnet.ID])
	}
	for i := range s.names.Leases {
		b.leases(&s.names.Leases[i], 0, func(name string) string { return name })
	}
	for name := range s.ofSubnets {
		if !b.names[name] {
			s.All.Remove(name)
		}
	}
	s.ofSubnets = b.names
	s.subnets.Store(&all)
}

// statsBuilder makes statistics and notes their names.
type statsBuilder struct {
	stats *Stats
	store *lease.Store
	names map[string]bool
}

func (b *statsBuilder) counter(name string) *ctrl.Stat {
	b.names[name] = true
	return b.stats.All.Stat(name)
}

func (b *statsBuilder) compute(name string, compute func() int64) {
	b.names[name] = true
	b.stats.All.Func(name, compute)
}

func (b *statsBuilder) subnet(id uint32, pools []*lease.Pool) *subnetStats {
	in := &subnetStats{counters: counters{}}
	for _, name := range b.stats.names.counted() {
		in.counters[name] = b.counter(subnetName(id, name))
	}
	for i := range b.stats.names.Leases {
		names := &b.stats.names.Leases[i]
		b.leases(names, id, func(name string) string { return subnetName(id, name) })
		var all []*lease.Pool
		byID := map[uint32][]*lease.Pool{} // those of the same ID are taken together
		for _, pl := range pools {
			if spec := pl.Spec(); spec.Type() == names.Type {
				all = append(all, pl)
				byID[spec.ID] = append(byID[spec.ID], pl)
			}
		}
		b.compute(subnetName(id, names.total()), total(all))
		for poolID, list := range byID {
			in.pools = append(in.pools, b.pools(names, list, func(name string) string {
				return subnetName(id, fmt.Sprintf("%s[%d].%s", names.Pool, poolID, name))
			})...)
		}
	}
	return in
}

// leases adds what there is of the leases of a subnet; 0: of all.
func (b *statsBuilder) leases(names *LeaseNames, subnet uint32, full func(string) string) {
	in := func(states ...lease.State) func() int64 {
		return func() (n int64) {
			for _, state := range states {
				n += int64(b.store.Count(subnet, state, names.Type))
			}
			return n
		}
	}
	// As in Kea a declined address is one of the assigned.
	b.compute(full(names.assigned()), in(lease.Assigned, lease.Declined))
	if names.Type != lease.PD {
		b.compute(full(declinedAddresses), in(lease.Declined))
	}
	if names.Type == lease.NA {
		b.compute(full(names.registered()), in(lease.Registered))
	}
}

// pools adds the statistics of pools of the same ID.
func (b *statsBuilder) pools(names *LeaseNames, list []*lease.Pool, full func(string) string) []poolStats {
	sum := func(of func(lease.Usage) uint64) func() int64 {
		return func() (n int64) {
			for _, pl := range list {
				n += int64(of(pl.Usage()))
			}
			return n
		}
	}
	b.compute(full(names.total()), total(list))
	b.compute(full(names.assigned()), sum(func(u lease.Usage) uint64 { return u.Assigned }))
	if names.Type != lease.PD {
		b.compute(full(declinedAddresses), sum(func(u lease.Usage) uint64 { return u.Declined }))
	}
	counted := counters{}
	for _, name := range names.counted() {
		counted[name] = b.counter(full(name))
	}
	var pools []poolStats
	for _, pl := range list {
		pools = append(pools, poolStats{pl, names.Type, counted})
	}
	return pools
}

// total is how much the pools have.
func total(pools []*lease.Pool) func() int64 {
	n := new(big.Int)
	for _, pl := range pools {
		n.Add(n, pl.Total())
	}
	v := int64(math.MaxInt64)
	if n.IsInt64() {
		v = n.Int64()
	}
	return func() int64 { return v }
}
