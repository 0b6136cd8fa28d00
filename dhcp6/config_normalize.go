package dhcp6

import (
	"net/netip"

	"github.com/dhcpha/dhcpha/internal/keajson"
)

// normalize gives a configuration that was read from a file the form that a
// program would write: subnets have numbers, prefixes no host bits, and what
// excludes nothing is left out.
func (c *Config) normalize(report *keajson.Report) {
	if c.Compatibility != nil && *c.Compatibility == (Compatibility{}) {
		c.Compatibility = nil // Kea takes no empty object
	}
	// Kea numbers subnets without an id from 1, first those in shared
	// networks, and does not skip numbers given to others.
	var last uint32
	for path, subnet := range c.subnets() {
		if subnet.ID == 0 {
			last++
			subnet.ID = last
		}
		if masked := subnet.Subnet.Masked(); subnet.Subnet.IsValid() && masked != subnet.Subnet {
			report.Warnf(path+".subnet", "%s has bits beyond its length set; it is taken for %s", subnet.Subnet, masked)
			subnet.Subnet = masked
		}
		for i := range subnet.PDPools {
			if p := &subnet.PDPools[i]; p.ExcludedPrefixLen == 0 && p.ExcludedPrefix.IsUnspecified() {
				p.ExcludedPrefix = netip.Addr{}
			}
		}
	}
}
