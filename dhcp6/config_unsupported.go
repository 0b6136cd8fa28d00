package dhcp6

import (
	"github.com/dhcpha/dhcpha/internal/conf"
	"github.com/dhcpha/dhcpha/internal/keajson"
)

func unsupportedKeys() keajson.Unsupported {
	return conf.UnsupportedKeys[Config, SharedNetwork, Subnet, ClientClass]()
}

// dropLimits is dropUnsupported of Kea's limits, which are in user contexts.
func (c *Config) dropLimits(report *keajson.Report) {
	conf.DropLimits(report, "", &c.UserContext)
	for i := range c.ClientClasses {
		conf.DropLimits(report, conf.Index("client-classes", i), &c.ClientClasses[i].UserContext)
	}
	of := func(path string, subnets []Subnet) {
		for i := range subnets {
			s, at := &subnets[i], conf.At(path, conf.Index("subnet6", i))
			conf.DropLimits(report, at, &s.UserContext)
			for j := range s.Pools {
				conf.DropLimits(report, conf.At(at, conf.Index("pools", j)), &s.Pools[j].UserContext)
			}
			for j := range s.PDPools {
				conf.DropLimits(report, conf.At(at, conf.Index("pd-pools", j)), &s.PDPools[j].UserContext)
			}
		}
	}
	of("", c.Subnets)
	for i := range c.SharedNetworks {
		n, at := &c.SharedNetworks[i], conf.Index("shared-networks", i)
		conf.DropLimits(report, at, &n.UserContext)
		of(at, n.Subnets)
	}
}

// dropUnsupported reports values that are not supported and sets them to
// what this server does.
func (c *Config) dropUnsupported(report *keajson.Report) {
	conf.SetCommon(c, conf.Common[conf.Own](c).DropUnsupported(report))
	c.dropLimits(report)
	if comp := c.Compatibility; comp != nil && comp.LenientOptionParsing {
		conf.RefuseLenient(report)
		c.Compatibility = nil
	}
}
