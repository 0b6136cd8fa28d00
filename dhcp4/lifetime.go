package dhcp4

import "github.com/dhcpha/dhcpha/internal/engine"

// lifetimeOf takes the lifetimes of one level.
func lifetimeOf(p *Params) (engine.Lifetime, bool) {
	return engine.LifetimeOf(p.ValidLifetime, p.MinValidLifetime, p.MaxValidLifetime)
}

// teeTimes returns when clients renew and rebind leases with a lifetime.
func teeTimes(p *Params, valid uint32) (t1, t2 uint32) {
	return engine.TeeTimes(engine.Timers{
		Renew: p.RenewTimer, Rebind: p.RebindTimer, Calculate: *p.CalculateTeeTimes,
		T1Percent: *p.T1Percent, T2Percent: *p.T2Percent,
	}, valid)
}
