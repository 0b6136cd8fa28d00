package dhcp6

import (
	"fmt"

	"github.com/dhcpha/dhcpha/internal/conf"
	"github.com/dhcpha/dhcpha/internal/option"
)

// What goes through a configuration looks like that of dhcp4, but leads through
// other structs; what is asked of each pool is asked in internal/conf.

// UnguardedPools names the pools, such as
// "subnet 1: 2001:db8::10-2001:db8::99" or "subnet 1: 2001:db8:100::/40", from
// which clients of more than one of the classes could get addresses or
// prefixes, given that each client is in one of them: neither the pool nor its
// subnet or shared network has a guard that lets in those of one class only.
// Such a guard is the class itself or one whose test asks for it, as in
// "member('HA_server1') and member('phones')".
//
// Two servers that share clients out by classes, and choose addresses
// independently of each other, could give one of such a pool to two clients.
func (c *Config) UnguardedPools(classes []string) (found []string) {
	tests := make([]conf.ClassTest, len(c.ClientClasses))
	for i := range c.ClientClasses {
		tests[i] = conf.ClassTest{Name: c.ClientClasses[i].Name, Test: c.ClientClasses[i].Test}
	}
	clients := conf.ClientsOf(classes, tests, option.V6, c.OptionDefs)
	subnet := func(s *Subnet, network *Guard) {
		for i := range s.Pools {
			p := &s.Pools[i]
			if clients.Admitted(network, &s.Guard, &p.Guard) > 1 {
				found = append(found, fmt.Sprintf("subnet %d: %s", s.ID, p.Range))
			}
		}
		for i := range s.PDPools {
			p := &s.PDPools[i]
			if clients.Admitted(network, &s.Guard, &p.Guard) > 1 {
				found = append(found, fmt.Sprintf("subnet %d: %s/%d", s.ID, p.Prefix, p.PrefixLen))
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
