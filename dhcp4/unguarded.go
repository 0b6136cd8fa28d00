package dhcp4

import (
	"fmt"
	"slices"

	"github.com/dhcpha/dhcpha/internal/class"
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
func (c *Config) UnguardedPools(classes []string) []string {
	var clients []map[string]class.Truth // of each class, what is known of the others
	for _, name := range classes {
		clients = append(clients, c.membership(name, classes))
	}
	var found []string
	subnet := func(s *Subnet, outer ...*Guard) {
		for i := range s.Pools {
			p := &s.Pools[i]
			guards := append(outer, &s.Guard, &p.Guard)
			if admitted(clients, guards) > 1 {
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
		subnet(&c.Subnets[i])
	}
	return found
}

// membership returns what is known of the classes of a client that is in one
// of several. Tests ask only for classes defined before them.
func (c *Config) membership(in string, classes []string) map[string]class.Truth {
	known := map[string]class.Truth{classAll: class.True}
	for _, name := range classes {
		known[name] = class.False
	}
	known[in] = class.True

	defs := option.NewDefs(option.V4)
	for _, d := range c.OptionDefs {
		_ = defs.Add(d) // Validate tells of mistakes
	}
	for i := range c.ClientClasses {
		cl := &c.ClientClasses[i]
		if slices.Contains(classes, cl.Name) {
			continue
		}
		if test, err := class.ParseTest(cl.Test, defs); err == nil {
			known[cl.Name] = test.Judge(func(name string) class.Truth { return known[name] })
		}
	}
	return known
}

// admitted counts the clients that all guards may let in.
func admitted(clients []map[string]class.Truth, guards []*Guard) (n int) {
	for _, known := range clients {
		if !slices.ContainsFunc(guards, func(g *Guard) bool { return keepsOut(g, known) }) {
			n++
		}
	}
	return n
}

// keepsOut says whether the client is certainly in none of the classes that
// the guard asks for.
func keepsOut(g *Guard, known map[string]class.Truth) bool {
	need := g.Allowed()
	return len(need) > 0 && !slices.ContainsFunc(need, func(name string) bool { return known[name] != class.False })
}
