package engine

import (
	"cmp"
	"math"

	"github.com/dhcpha/dhcpha/lease"
)

// Lifetime are the bounds of valid lifetimes, or of preferred ones, and what a
// client gets that asks for none, in seconds.
type Lifetime struct{ Min, Usual, Max uint32 }

// LifetimeOf takes the lifetimes of one level; nil: not set. A bound that is
// not set is the usual lifetime; that, if not set itself, is a bound that is.
func LifetimeOf(usual, least, most *uint32) (l Lifetime, ok bool) {
	usual = cmp.Or(usual, least, most)
	if usual == nil {
		return Lifetime{}, false
	}
	return Lifetime{
		Min:   min(*cmp.Or(least, usual), *usual),
		Usual: *usual,
		Max:   max(*cmp.Or(most, usual), *usual),
	}, true
}

// Choose returns the lifetime for a client that asks for so many seconds; 0: it
// does not ask.
func (l Lifetime) Choose(asked uint32) uint32 {
	if asked == 0 {
		return l.Usual
	}
	return max(l.Min, min(asked, l.Max))
}

// Timers are the parameters that T1 and T2 come from: set in seconds, or else,
// with Calculate, as shares of the lifetime.
type Timers struct {
	Renew, Rebind        *uint32 // nil: not set
	Calculate            bool
	T1Percent, T2Percent float64 // 0 to 1
}

// TeeTimes returns when clients renew (T1) and rebind (T2) leases of a
// lifetime, in seconds; 0: it is left to them. The lifetime is the valid one in
// DHCPv4 and the shortest preferred one in DHCPv6. As in Kea, T2 is said if it
// is less than the lifetime, and T1 if it is less than T2, or than the lifetime
// if T2 is not said.
func TeeTimes(t Timers, lifetime uint32) (t1, t2 uint32) {
	limit := lifetime
	if t2 = t.timer(t.Rebind, t.T2Percent, lifetime); t2 >= limit {
		t2 = 0
	}
	if t2 > 0 {
		limit = t2
	}
	if t1 = t.timer(t.Renew, t.T1Percent, lifetime); t1 >= limit {
		t1 = 0
	}
	return t1, t2
}

func (t *Timers) timer(set *uint32, percent float64, lifetime uint32) uint32 {
	switch {
	case set != nil:
		return *set
	case t.Calculate && lifetime != lease.Infinite:
		return uint32(math.Round(percent * float64(lifetime)))
	default:
		return 0
	}
}
