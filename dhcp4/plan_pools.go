package dhcp4

import (
	"net/netip"

	"github.com/dhcpha/dhcpha/lease"
)

// poolSpecs describes the pools to the allocator, subnet by subnet.
func (p *plan) poolSpecs() []lease.PoolSpec {
	var specs []lease.PoolSpec
	for _, s := range p.subnets {
		var kind lease.AllocatorType
		_ = kind.UnmarshalText([]byte(*s.params.Allocator)) // it has been validated
		for _, pl := range s.pools {
			spec := lease.PoolSpec{
				ID: pl.id, SubnetID: s.id, First: pl.span.First, Last: pl.span.Last, Allocator: kind,
			}
			if !*s.params.ReservationsOutOfPool {
				for addr := range s.reserved {
					if pl.span.Contains(addr) {
						spec.Exclude = append(spec.Exclude, addr)
					}
				}
			}
			if c := p.cfg.Compatibility; c != nil && c.ExcludeFirstLast24 && s.prefix.Bits() <= 24 {
				spec.Exclude = appendFirstLast24(spec.Exclude, pl.span)
			}
			specs = append(specs, spec)
		}
	}
	return specs
}

// appendFirstLast24 appends the addresses of the range that end in 0 or 255.
func appendFirstLast24(list []netip.Addr, span Range) []netip.Addr {
	block := span.First.As4()
	for {
		for _, last := range [...]byte{0, 255} {
			block[3] = last
			if addr := netip.AddrFrom4(block); span.Contains(addr) {
				list = append(list, addr)
			}
		}
		next := netip.AddrFrom4(block).Next()
		if !next.IsValid() || span.Last.Less(next) {
			return list
		}
		block = next.As4()
	}
}

// setPools takes the allocator's pools, in the order of poolSpecs.
func (p *plan) setPools(pools []*lease.Pool) {
	for _, s := range p.subnets {
		for _, pl := range s.pools {
			pl.free, pools = pools[0], pools[1:]
		}
	}
}
