package lease

import "net/netip"

// oddLeases are the leases in a pool that are not just one unit of it: when
// the delegated length of a pool is changed, what was delegated before stays
// with its clients, and no other may get a prefix that overlaps.
type oddLeases struct {
	leases map[netip.Prefix]struct{}
	parts  map[uint64]int // leases that are smaller than a unit, by unit
	wider  map[int]int    // leases that are wider than a unit, by length
}

func (o *oddLeases) has(p netip.Prefix) bool {
	_, ok := o.leases[p]
	return ok
}

func (o *oddLeases) add(r unitRange, p netip.Prefix) {
	if o.leases == nil {
		o.leases, o.parts, o.wider = map[netip.Prefix]struct{}{}, map[uint64]int{}, map[int]int{}
	}
	o.leases[p] = struct{}{}
	if p.Bits() < r.len {
		o.wider[p.Bits()]++
	} else if i, ok := r.index(p.Addr()); ok {
		o.parts[i]++
	}
}

func (o *oddLeases) remove(r unitRange, p netip.Prefix) {
	delete(o.leases, p)
	if p.Bits() < r.len {
		drop(o.wider, p.Bits())
	} else if i, ok := r.index(p.Addr()); ok {
		drop(o.parts, i)
	}
}

func drop[K comparable](counts map[K]int, k K) {
	if counts[k]--; counts[k] == 0 {
		delete(counts, k)
	}
}

// blocked says whether a wider lease overlaps unit i, and which unit is its last.
func (o *oddLeases) blocked(r unitRange, i uint64) (last uint64, blocked bool) {
	for bits := range o.wider {
		p := netip.PrefixFrom(r.addr(i), bits).Masked()
		if !o.has(p) {
			continue
		}
		last, ok := r.index(lastAddr(p))
		if !ok {
			last = r.last // the lease reaches beyond the pool
		}
		return last, true
	}
	return 0, false
}
