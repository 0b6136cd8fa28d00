package dhcp4

import (
	"maps"
	"reflect"

	"github.com/dhcpha/dhcpha/internal/conf"
	"github.com/dhcpha/dhcpha/internal/keajson"
)

// unsupportedKeys adds to what both families do not support.
func unsupportedKeys() keajson.Unsupported {
	u := conf.UnsupportedKeys[Config, SharedNetwork, Subnet, ClientClass]()
	u[reflect.TypeFor[Config]()]["stash-agent-options"] = "relay agent options are not kept for renewals that come without them; remove it"
	maps.Copy(u[reflect.TypeFor[Subnet]()], map[string]string{
		"4o6-interface": conf.Over6, "4o6-interface-id": conf.Over6, "4o6-subnet": conf.Over6,
	})
	return u
}

// dropLimits is dropUnsupported of Kea's limits, which are in user contexts.
func (c *Config) dropLimits(report *keajson.Report) {
	conf.DropLimits(report, "", &c.UserContext)
	for i := range c.ClientClasses {
		conf.DropLimits(report, conf.Index("client-classes", i), &c.ClientClasses[i].UserContext)
	}
	of := func(path string, subnets []Subnet) {
		for i := range subnets {
			s, at := &subnets[i], conf.At(path, conf.Index("subnet4", i))
			conf.DropLimits(report, at, &s.UserContext)
			for j := range s.Pools {
				conf.DropLimits(report, conf.At(at, conf.Index("pools", j)), &s.Pools[j].UserContext)
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
		fixed := *comp
		fixed.LenientOptionParsing = false
		c.Compatibility = conf.NotEmpty(&fixed)
	}
	if c.InterfacesConfig.OutboundInterface == "use-routing" {
		report.Unsupportedf("interfaces-config.outbound-interface", `replies leave by the interface that the query came in on; write "same-as-inbound"`)
		c.InterfacesConfig.OutboundInterface = ""
	}
}
