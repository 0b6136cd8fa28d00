package dhcp6

import (
	"fmt"
	"iter"

	"github.com/dhcpha/dhcpha/internal/conf"
	"github.com/dhcpha/dhcpha/internal/keajson"
	"github.com/dhcpha/dhcpha/internal/option"
)

// checker looks for mistakes in what is well-formed. Its way through the
// configuration looks like that of dhcp4, but leads through other structs.
type checker struct {
	*conf.Checker
	cfg *Config
}

// check reports all mistakes in the configuration.
func (c *Config) check(report *keajson.Report) {
	var classes []string
	for i := range c.ClientClasses {
		classes = append(classes, c.ClientClasses[i].Name)
	}
	ck := &checker{conf.NewChecker(option.V6, report, classes), c}
	global := c.Params.inherit(DefaultParams())
	ck.params("", "", &c.Params, &global)
	if c.RapidCommit != nil {
		ck.Errorf("rapid-commit", "cannot be given globally, only for a shared network or a subnet")
	}
	limits := ck.Limits("", conf.Limited{UserContext: c.UserContext, StoreExtendedInfo: c.StoreExtendedInfo}, conf.Limits{}, *global.StoreExtendedInfo)
	ck.HostKinds(c.HostReservationIdentifiers, hostKinds())
	ck.Interfaces(c.InterfacesConfig.Interfaces, c.InterfacesConfig.ServiceSocketsRequireAll)
	for i, def := range c.OptionDefs {
		ck.OptionDef(conf.Index("option-def", i), def, ck.Defs)
	}
	own := conf.Common[conf.Own](c)
	ck.Own(&own)
	ck.server()
	ck.OptionData("", c.OptionData, ck.Defs)
	for i := range c.ClientClasses {
		ck.class(conf.Index("client-classes", i), &c.ClientClasses[i])
	}
	ck.reservations("", c.Reservations, nil)
	for i := range c.SharedNetworks {
		ck.network(conf.Index("shared-networks", i), &c.SharedNetworks[i], &global, limits)
	}
	for i := range c.Subnets {
		ck.subnet(conf.Index("subnet6", i), &c.Subnets[i], &global, limits)
	}
	ck.Overlaps()
}

// subnets returns all subnets with their paths, those in shared networks
// first.
func (c *Config) subnets() iter.Seq2[string, *Subnet] {
	return func(yield func(string, *Subnet) bool) {
		for i := range c.SharedNetworks {
			for j := range c.SharedNetworks[i].Subnets {
				if !yield(fmt.Sprintf("shared-networks[%d].subnet6[%d]", i, j), &c.SharedNetworks[i].Subnets[j]) {
					return
				}
			}
		}
		for i := range c.Subnets {
			if !yield(fmt.Sprintf("subnet6[%d]", i), &c.Subnets[i]) {
				return
			}
		}
	}
}
