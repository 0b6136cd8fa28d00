package dhcp6

import (
	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

// The lifetimes of one level, and whether it has any.
func validOf(p *Params) (engine.Lifetime, bool) {
	return engine.LifetimeOf(p.ValidLifetime, p.MinValidLifetime, p.MaxValidLifetime)
}

func preferredOf(p *Params) (engine.Lifetime, bool) {
	return engine.LifetimeOf(p.PreferredLifetime, p.MinPreferredLifetime, p.MaxPreferredLifetime)
}

// chooseLifetimes returns the lifetimes in a subnet for a client with these
// wishes. Like Kea, it makes a preferred lifetime that is not configured, or
// longer than the valid one, 5/8 of that.
func (x *exchange) chooseLifetimes(s *subnet, w wish) (preferred, valid uint32) {
	preferred = x.p.classes.Preferred(x.classes, s.preferred).Choose(w.preferred)
	valid = x.p.classes.Valid(x.classes, s.valid).Choose(w.valid)
	switch {
	case preferred != 0 && preferred <= valid:
		return preferred, valid
	case valid == lease.Infinite:
		return lease.Infinite, valid
	default:
		return uint32(uint64(valid) * 5 / 8), valid
	}
}

// teeTimes returns when clients renew and rebind leases with a preferred
// lifetime.
func teeTimes(p *Params, preferred uint32) (t1, t2 uint32) {
	return engine.TeeTimes(engine.Timers{
		Renew: p.RenewTimer, Rebind: p.RebindTimer, Calculate: *p.CalculateTeeTimes,
		T1Percent: *p.T1Percent, T2Percent: *p.T2Percent,
	}, preferred)
}
