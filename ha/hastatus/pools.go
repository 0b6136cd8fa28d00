package hastatus

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"

	"github.com/dhcpha/dhcpha/lease"
)

// maxPools bounds how many pools are shown.
const maxPools = 60

// Shares of a pool, in percent, from which on somebody should look.
const (
	nearlyFull = 90
	full       = 100
)

// pools are those that are shown: all, or the fullest.
type pools struct {
	All  []pool
	More int // how many are not shown
}

// pool is a bar.
type pool struct {
	Subnet   uint32
	Range    string
	Used     string
	Of       string
	Percent  string
	Width    string // of the leases that clients have
	Declined string // how many are; empty: none
	Refused  string // the width of those, behind Width
	Start    string // where those begin
	Level    level

	share float64
}

func poolsOf(all []*lease.Pool) pools {
	var p pools
	for _, one := range all {
		p.All = append(p.All, poolOf(one))
	}
	if p.More = len(p.All) - maxPools; p.More > 0 {
		slices.SortStableFunc(p.All, func(a, b pool) int { return -cmp.Compare(a.share, b.share) })
		p.All = p.All[:maxPools]
	}
	return p
}

// notices tells of pools from which clients get, or will soon get, nothing.
func (p *pools) notices() (all []notice) {
	counts := map[level]int{}
	for _, one := range p.All {
		counts[one.Level]++
	}
	if n := counts[alarm]; n > 0 {
		all = append(all, notice{alarm, sentence(plural(n, "pool is", "pools are")) + " used up: new clients get nothing there.",
			"Make the pools larger, or valid-lifetime shorter."})
	}
	if n := counts[wary]; n > 0 {
		all = append(all, notice{wary, sentence(plural(n, "pool is", "pools are")) + " nearly used up.", "Think of larger pools."})
	}
	return all
}

func poolOf(one *lease.Pool) pool {
	spec, usage, size := one.Spec(), one.Usage(), one.Total()
	used, declined := part100(usage.Assigned-usage.Declined, size), part100(usage.Declined, size)
	p := pool{
		Subnet: spec.SubnetID, Range: spec.String(), Used: count(usage.Assigned), Of: big10(size), Level: fine,
		share: used + declined, Width: percent(used), Start: percent(used), Refused: percent(declined),
	}
	p.Percent = fmt.Sprintf("%.0f %%", p.share)
	if p.share < 10 && usage.Assigned > 0 {
		p.Percent = fmt.Sprintf("%.1f %%", p.share)
	}
	if usage.Declined > 0 {
		p.Declined = plural(int(usage.Declined), "address declined", "addresses declined")
	}
	switch {
	case p.share >= full:
		p.Level = alarm
	case p.share >= nearlyFull:
		p.Level = wary
	}
	return p
}

// part100 returns n as percent of a number that may be very large.
func part100(n uint64, of *big.Int) float64 {
	share := new(big.Float).SetUint64(n)
	share.Quo(share.Mul(share, big.NewFloat(100)), new(big.Float).SetInt(of))
	x, _ := share.Float64()
	return min(x, 100)
}
