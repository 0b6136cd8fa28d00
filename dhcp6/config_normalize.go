package dhcp6

import (
	"net/netip"

	"github.com/dhcpha/dhcpha/internal/conf"
	"github.com/dhcpha/dhcpha/internal/keajson"
)

// normalize gives a configuration that was read from a file the form that a
// program would write: subnets have numbers, prefixes no host bits, and what
// excludes nothing is left out.
func (c *Config) normalize(report *keajson.Report) {
	c.Compatibility = conf.NotEmpty(c.Compatibility)
	subnets := conf.Subnets{Report: report}
	for path, subnet := range c.subnets() {
		subnets.Normalize(path, &subnet.ID, &subnet.Subnet)
		for i := range subnet.PDPools {
			if p := &subnet.PDPools[i]; p.ExcludedPrefixLen == 0 && p.ExcludedPrefix.IsUnspecified() {
				p.ExcludedPrefix = netip.Addr{}
			}
		}
	}
}
