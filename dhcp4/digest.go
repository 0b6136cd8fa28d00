package dhcp4

import (
	"cmp"
	"slices"

	"github.com/dhcpha/dhcpha/internal/conf"
	"github.com/dhcpha/dhcpha/internal/option"
)

// Digest returns a hash of what servers have to agree on that stand in for each
// other: subnets, pools, guards, classes, reservations, lifetimes, options.
// What each has for itself does not count: interfaces, sockets, the lease file,
// hook libraries, loggers, its server identifier, comments.
func (e *Engine) Digest() string { return e.plan.Load().digest() }

// digestOf leaves out what need not be the same, so that what is new in a
// configuration counts unless somebody decides otherwise.
func digestOf(cfg *Config) string {
	c := *cfg
	c.Params = reservationMode(c.Params).inherit(DefaultParams())
	c.InterfacesConfig = InterfacesConfig{}
	conf.SetCommon(&c, conf.Own{})
	c.OptionData = agreedOptions(c.OptionData)
	c.ClientClasses = slices.Clone(c.ClientClasses)
	for i := range c.ClientClasses {
		c.ClientClasses[i].OptionData = agreedOptions(c.ClientClasses[i].OptionData)
	}
	c.SharedNetworks = slices.Clone(c.SharedNetworks)
	for i := range c.SharedNetworks {
		n := &c.SharedNetworks[i]
		n.Interface, n.OptionData, n.Subnets = "", agreedOptions(n.OptionData), agreedSubnets(n.Subnets)
	}
	slices.SortFunc(c.SharedNetworks, func(a, b SharedNetwork) int { return cmp.Compare(a.Name, b.Name) })
	c.Subnets = agreedSubnets(c.Subnets)
	return conf.Digest(&c)
}

func agreedSubnets(subnets []Subnet) []Subnet {
	subnets = slices.Clone(subnets)
	for i := range subnets {
		s := &subnets[i]
		s.Interface, s.OptionData = "", agreedOptions(s.OptionData)
		s.Pools = slices.Clone(s.Pools)
		for j := range s.Pools {
			s.Pools[j].OptionData = agreedOptions(s.Pools[j].OptionData)
		}
	}
	slices.SortFunc(subnets, func(a, b Subnet) int { return cmp.Compare(a.ID, b.ID) })
	return subnets
}

// agreedOptions leaves out the server identifier, which each server has its
// own of.
func agreedOptions(list []OptionData) []OptionData { return conf.Agreed(option.V4, optServerID, list) }
