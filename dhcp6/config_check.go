package dhcp6

import (
	"fmt"
	"iter"

	"github.com/dhcpha/dhcpha/internal/keajson"
)

// check reports all mistakes in the configuration.
func (c *Config) check(*keajson.Report) {}

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
