package dhcp6

import (
	"github.com/dhcpha/dhcpha/internal/conf"
	"github.com/dhcpha/dhcpha/internal/keajson"
)

func unsupportedKeys() keajson.Unsupported {
	return conf.UnsupportedKeys[Config, SharedNetwork, Subnet, ClientClass]()
}

// dropUnsupported reports values that are not supported and sets them to
// what this server does.
func (c *Config) dropUnsupported(report *keajson.Report) {
	conf.SetCommon(c, conf.Common[conf.Own](c).DropUnsupported(report))
	if comp := c.Compatibility; comp != nil && comp.LenientOptionParsing {
		conf.RefuseLenient(report)
		c.Compatibility = nil
	}
}
