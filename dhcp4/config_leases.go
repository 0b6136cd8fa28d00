package dhcp4

import "github.com/dhcpha/dhcpha/internal/conf"

// LeaseFile returns the path of Kea's lease file; by default that of Debian's
// Kea.
func (c *Config) LeaseFile() string {
	return conf.LeaseFile(c.LeaseDatabase, "/var/lib/kea/kea-leases4.csv")
}
