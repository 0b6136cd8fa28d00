package dhcp6

import "github.com/dhcpha/dhcpha/internal/keajson"

// normalize gives a configuration that was read from a file the form that a
// program would write: subnets have numbers, and prefixes no host bits.
func (c *Config) normalize(report *keajson.Report) {
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
	}
}
