package dhcp4

import "github.com/dhcpha/dhcpha/internal/conf"

// LeaseFile returns the path of Kea's lease file; by default that of Debian's
// Kea.
func (c *Config) LeaseFile() string {
	return conf.LeaseFile(c.LeaseDatabase, "/var/lib/kea/kea-leases4.csv")
}

// Compatibility is compatibility: departures from the standards, for the sake
// of clients and relay agents that need them.
type Compatibility struct {
	LenientOptionParsing       bool `json:"lenient-option-parsing,omitempty"`        // is not supported and may not be true
	IgnoreDHCPServerIdentifier bool `json:"ignore-dhcp-server-identifier,omitempty"` // answer although the client names another server
	IgnoreRAILinkSelection     bool `json:"ignore-rai-link-selection,omitempty"`     // do not select the subnet by RFC 3527's sub-option
	ExcludeFirstLast24         bool `json:"exclude-first-last-24,omitempty"`         // never offer .0 and .255 of a /24 in pools that are larger
}
