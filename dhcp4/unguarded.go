package dhcp4

import (
	"fmt"

	"github.com/dhcpha/dhcpha/internal/conf"
	"github.com/dhcpha/dhcpha/internal/option"
)

// UnguardedPools names the pools, such as "subnet 1: 192.0.2.10-192.0.2.99",
// from which clients of more than one of the classes could get addresses,
// given that each client is in one of them: neither the pool nor its subnet or
// shared network has a guard that lets in those of one class only. Such a
// guard is the class itself or one whose test asks for it, as in
// "member('HA_server1') and member('phones')".
//
// Two servers that share clients out by classes, and choose addresses
// independently of each other, could give an address of such a pool to two
// clients.
func (c *Config) UnguardedPools(classes []string) (found []string) {
	tests := make([]conf.ClassTest, len(c.ClientClasses))
	for i := range c.ClientClasses {
		tests[i] = conf.ClassTest{Name: c.ClientClasses[i].Name, Test: c.ClientClasses[i].Test}
	}
	clients := conf.ClientsOf(classes, tests, option.V4, c.OptionDefs)
	subnet := func(s *Subnet, network *Guard) {
		for i := range s.Pools {
			p := &s.Pools[i]
			if clients.Admitted(network, &s.Guard, &p.Guard) > 1 {
				found = append(found, fmt.Sprintf("subnet %d: %s", s.ID, p.Range))
			}
		}
	}
	for i := range c.SharedNetworks {
		n := &c.SharedNetworks[i]
		for j := range n.Subnets {
			subnet(&n.Subnets[j], &n.Guard)
		}
	}
	for i := range c.Subnets {
		subnet(&c.Subnets[i], &Guard{})
	}
	return found
}
