package dhcp4

import (
	"encoding/binary"

	"github.com/dhcpha/dhcpha/internal/engine"
)

// validOf takes the lifetimes of one level, if it has any.
func validOf(p *Params) (engine.Lifetime, bool) {
	return engine.LifetimeOf(p.ValidLifetime, p.MinValidLifetime, p.MaxValidLifetime)
}

// chooseLifetime returns the lifetime for the client in a subnet.
func (x *exchange) chooseLifetime(s *subnet) uint32 {
	return x.p.classes.Valid(x.classes, s.valid).Choose(x.askedLifetime())
}

// askedLifetime is the lifetime that the client wishes for, 0 if it says
// nothing.
func (x *exchange) askedLifetime() uint32 {
	if v := x.q.options.value(optLeaseTime); len(v) == 4 {
		return binary.BigEndian.Uint32(v)
	}
	return 0
}

// teeTimes returns when clients renew and rebind leases with a lifetime.
func teeTimes(p *Params, valid uint32) (t1, t2 uint32) {
	return engine.TeeTimes(engine.Timers{
		Renew: p.RenewTimer, Rebind: p.RebindTimer, Calculate: *p.CalculateTeeTimes,
		T1Percent: *p.T1Percent, T2Percent: *p.T2Percent,
	}, valid)
}
