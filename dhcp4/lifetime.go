package dhcp4

import (
	"math"

	"github.com/dhcpha/dhcpha/lease"
)

// lifetime are the bounds of valid lifetimes and what a client gets that asks
// for none, in seconds.
type lifetime struct{ min, usual, max uint32 }

// lifetimeOf takes the lifetimes of one level. A bound that is not set is the
// usual lifetime; that, if not set itself, is a bound that is.
func lifetimeOf(p *Params) (l lifetime, ok bool) {
	usual := firstOf(p.ValidLifetime, p.MinValidLifetime, p.MaxValidLifetime)
	if usual == nil {
		return lifetime{}, false
	}
	return lifetime{
		min:   min(*firstOf(p.MinValidLifetime, usual), *usual),
		usual: *usual,
		max:   max(*firstOf(p.MaxValidLifetime, usual), *usual),
	}, true
}

// firstOf returns the first that is not nil.
func firstOf[T any](values ...*T) *T {
	for _, v := range values {
		if v != nil {
			return v
		}
	}
	return nil
}

// choose returns the lifetime for a client that asks for so many seconds; 0: it
// does not ask.
func (l lifetime) choose(asked uint32) uint32 {
	if asked == 0 {
		return l.usual
	}
	return max(l.min, min(asked, l.max))
}

// teeTimes returns when clients renew (T1) and rebind (T2), in seconds; 0: not
// said. As in Kea, T2 is said if it is less than the lifetime, and T1 if it is
// less than T2, or than the lifetime if T2 is not said.
func teeTimes(p *Params, valid uint32) (t1, t2 uint32) {
	timer := func(set *uint32, percent *float64) uint32 {
		switch {
		case set != nil:
			return *set
		case *p.CalculateTeeTimes && valid != lease.Infinite:
			return uint32(math.Round(*percent * float64(valid)))
		default:
			return 0
		}
	}
	limit := valid
	if t2 = timer(p.RebindTimer, p.T2Percent); t2 >= limit {
		t2 = 0
	}
	if t2 > 0 {
		limit = t2
	}
	if t1 = timer(p.RenewTimer, p.T1Percent); t1 >= limit {
		t1 = 0
	}
	return t1, t2
}

// cache is when a renewed lease is not written again (Kea's lease caching).
// Unlike in Kea 3.0 the zero cache, which is the default, writes always.
type cache struct {
	threshold *float64 // share of the lifetime
	maxAge    *uint32  // seconds
}

// reusable returns how many seconds a lease that is renewed at now, and
// unchanged otherwise, may be used for without being written: what remains of
// it, or 0 if it is to be written.
func (c cache) reusable(l *lease.Lease, now int64) uint32 {
	age := now - l.CLTT
	switch {
	case c.threshold == nil && c.maxAge == nil, l.State != lease.Assigned, age < 0:
		return 0
	case l.ValidLft == lease.Infinite:
		return lease.Infinite
	case age >= int64(l.ValidLft):
		return 0
	case c.maxAge != nil && (*c.maxAge == 0 || age > int64(*c.maxAge)):
		return 0
	case c.threshold != nil && (*c.threshold <= 0 || float64(age) > *c.threshold*float64(l.ValidLft)):
		return 0
	}
	return l.ValidLft - uint32(age)
}
