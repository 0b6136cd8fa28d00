package dhcp6

import (
	"fmt"
	"net/netip"

	"github.com/dhcpha/dhcpha/internal/conf"
	"github.com/dhcpha/dhcpha/lease"
)

func (p *plan) compilePool(c *Pool, s *subnet) (_ *pool, err error) {
	pl := &pool{Guard: c.Guard, id: c.ID, span: c.Range}
	// Of the anycast addresses only the first can be picked: the others are behind
	// more addresses than are ever leased.
	if first := s.prefix.Addr(); pl.span.Contains(first) && s.anycast(first) {
		pl.kept = append(pl.kept, first)
	}
	if pl.options, err = p.compileOptions(c.OptionData); err != nil {
		return nil, err
	}
	params := c.Params.inherit(s.params)
	pl.names, err = nameRulesOf(&params)
	return pl, err
}

func (p *plan) compilePDPool(c *PDPool, s *subnet) (_ *pool, err error) {
	prefix, err := c.Prefix.Prefix(int(c.PrefixLen))
	if err != nil {
		return nil, err
	}
	pl := &pool{Guard: c.Guard, id: c.ID, prefix: prefix, delegatedLen: int(c.DelegatedLen), names: s.names}
	pl.span.First, pl.span.Last = conf.Ends(prefix)
	if c.ExcludedPrefixLen > 0 {
		if pl.excluded, err = c.ExcludedPrefix.Prefix(int(c.ExcludedPrefixLen)); err != nil {
			return nil, fmt.Errorf("excluded-prefix: %w", err)
		}
	}
	pl.options, err = p.compileOptions(c.OptionData)
	return pl, err
}

// exclusion returns the part of a prefix, delegated out of the pool, that the
// delegating router keeps (RFC 6603); invalid: none.
func (pl *pool) exclusion(delegated netip.Prefix) netip.Prefix {
	if !pl.excluded.IsValid() {
		return netip.Prefix{}
	}
	out, place := delegated.Addr().As16(), pl.excluded.Addr().As16()
	for bit := delegated.Bits(); bit < pl.excluded.Bits(); bit++ {
		mask := byte(0x80 >> (bit % 8))
		out[bit/8] = out[bit/8]&^mask | place[bit/8]&mask
	}
	return netip.PrefixFrom(netip.AddrFrom16(out), pl.excluded.Bits())
}

// poolSpecs describes the pools to the allocator, subnet by subnet, those of
// addresses first.
func (p *plan) poolSpecs() []lease.PoolSpec {
	var specs []lease.PoolSpec
	for _, s := range p.subnets {
		// They have been validated.
		var addresses, prefixes lease.AllocatorType
		_ = addresses.UnmarshalText([]byte(*s.params.Allocator))
		_ = prefixes.UnmarshalText([]byte(*s.params.PDAllocator))
		for _, pl := range s.pools {
			specs = append(specs, lease.PoolSpec{
				ID: pl.id, SubnetID: s.id, First: pl.span.First, Last: pl.span.Last,
				Allocator: addresses, Exclude: pl.kept,
			})
		}
		for _, pl := range s.pdPools {
			specs = append(specs, lease.PoolSpec{
				ID: pl.id, SubnetID: s.id, Prefix: pl.prefix, DelegatedLen: pl.delegatedLen,
				Allocator: prefixes, Exclude: pl.kept,
			})
		}
	}
	return specs
}

// setPools takes the allocator's pools, in the order of poolSpecs.
func (p *plan) setPools(free []*lease.Pool) {
	for _, s := range p.subnets {
		for _, pools := range [...][]*pool{s.pools, s.pdPools} {
			for _, pl := range pools {
				pl.free, free = free[0], free[1:]
			}
		}
	}
}
