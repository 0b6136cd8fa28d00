package dhcp6

import "github.com/dhcpha/dhcpha/internal/conf"

// params checks the parameters of one level, given what is in effect there.
// Where the mistake lies in values of several levels, it is reported at the
// lowest of them.
func (ck *checker) params(path, level string, own, effective *Params) {
	if level == "" {
		ck.lifetimes(path, own, effective)
	} else {
		ck.Misplaced(path, level, own)
	}
	ck.Params(path, conf.Common[conf.Params](own), conf.Common[conf.Params](effective))
	if own.PDAllocator != nil {
		ck.Allocator(conf.At(path, "pd-allocator"), *own.PDAllocator)
	}
}

// paramsAlone checks the parameters of a level whose mistakes do not depend on
// what is in effect above it.
func (ck *checker) paramsAlone(path, level string, own *Params) {
	if *own == (Params{}) {
		return
	}
	effective := own.inherit(DefaultParams())
	ck.params(path, level, own, &effective)
}

// lifetimes checks the order of the lifetimes.
func (ck *checker) lifetimes(path string, own, effective *Params) {
	valid := func(p *Params) conf.Lifetime {
		return conf.Lifetime{Name: "valid-lifetime", Least: p.MinValidLifetime, It: p.ValidLifetime, Most: p.MaxValidLifetime}
	}
	preferred := func(p *Params) conf.Lifetime {
		return conf.Lifetime{Name: "preferred-lifetime", Least: p.MinPreferredLifetime, It: p.PreferredLifetime, Most: p.MaxPreferredLifetime}
	}
	ck.Lifetime(path, valid(own), valid(effective))
	ck.Lifetime(path, preferred(own), preferred(effective))
	p, v := effective.PreferredLifetime, effective.ValidLifetime
	if (own.PreferredLifetime != nil || own.ValidLifetime != nil) && p != nil && v != nil && *p > *v {
		ck.Warnf(conf.At(path, "preferred-lifetime"), "%d is greater than valid-lifetime, which is %d; 5/8 of that is taken", *p, *v)
	}
}

// class checks the definition of a class.
func (ck *checker) class(path string, c *ClientClass) {
	ck.Class(path, conf.ClassTest{Name: c.Name, Test: c.Test}, c.OnlyIfRequired, c.OnlyInAdditionalList)
	// A class has lifetimes of its own: bounds that it does not set are those
	// of the subnet, which it does not know.
	ck.lifetimes(path, &c.Params, &c.Params)
	ck.paramsAlone(path, "class", &c.Params)
	ck.NoLimits(path, c.UserContext)
	ck.OptionData(path, c.OptionData, ck.Defs)
}
