package dhcp4

import (
	"github.com/dhcpha/dhcpha/internal/conf"
	"github.com/dhcpha/dhcpha/internal/keajson"
)

// normalize gives a configuration that was read from a file the form that a
// program would write: subnets have numbers, prefixes no host bits, and what
// Kea takes for absent is nil.
func (c *Config) normalize(report *keajson.Report) {
	c.Compatibility = conf.NotEmpty(c.Compatibility)
	dropUnsetNextServer(&c.Params)
	for i := range c.ClientClasses {
		dropEmptyBoot(&c.ClientClasses[i].Params)
	}
	dropEmptyBoots(c.Reservations)

	subnets := conf.Subnets{Report: report}
	for path, subnet := range c.subnets() {
		subnets.Normalize(path, &subnet.ID, &subnet.Subnet)
		dropUnsetNextServer(&subnet.Params)
		dropEmptyBoots(subnet.Reservations)
	}
	for i := range c.SharedNetworks {
		dropUnsetNextServer(&c.SharedNetworks[i].Params)
	}
}

// dropUnsetNextServer takes an empty next-server for none.
func dropUnsetNextServer(p *Params) {
	if p.NextServer != nil && !p.NextServer.IsValid() {
		p.NextServer = nil
	}
}

func dropEmptyBoots(reservations []Reservation) {
	for i := range reservations {
		dropEmptyBoot(&reservations[i].Params)
	}
}

// dropEmptyBoot removes empty boot fields, which in classes and reservations
// do not override anything: Kea's config-get writes them for every one.
func dropEmptyBoot(p *Params) {
	dropUnsetNextServer(p)
	if p.NextServer != nil && p.NextServer.IsUnspecified() {
		p.NextServer = nil
	}
	if p.ServerHostname != nil && *p.ServerHostname == "" {
		p.ServerHostname = nil
	}
	if p.BootFileName != nil && *p.BootFileName == "" {
		p.BootFileName = nil
	}
}
