package dhcp6

import "cmp"

// LeaseFile returns the path of Kea's lease file; by default that of Debian's
// Kea.
func (c *Config) LeaseFile() string {
	const usual = "/var/lib/kea/kea-leases6.csv"
	if c.LeaseDatabase == nil {
		return usual
	}
	return cmp.Or(c.LeaseDatabase.Name, usual)
}
