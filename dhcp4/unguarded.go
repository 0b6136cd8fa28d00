package dhcp4

import (
	"fmt"
	"slices"
)

// UnguardedPools names the pools from which clients of more than one of the
// classes could be given addresses, such as "subnet 1: 192.0.2.10-192.0.2.99":
// neither the pool nor its subnet or shared network is guarded so that at most
// one of the classes gets in. Two servers that share clients out by such
// classes, and give addresses independently of each other, need every pool
// guarded.
//
// A guard with other classes counts as open to clients of any of the given
// ones, unless no query can be in one of them.
func (c *Config) UnguardedPools(classes []string) []string {
	var found []string
	subnet := func(s *Subnet, outer ...*Guard) {
		for i := range s.Pools {
			p := &s.Pools[i]
			if n := passing(classes, append(outer, &s.Guard, &p.Guard)); n > 1 {
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

// passing counts the classes whose clients all guards let in.
func passing(classes []string, guards []*Guard) (n int) {
	for _, class := range classes {
		if !slices.ContainsFunc(guards, func(g *Guard) bool { return !letsIn(g, class) }) {
			n++
		}
	}
	return n
}

func letsIn(g *Guard, class string) bool {
	need := g.Allowed()
	return len(need) == 0 || slices.Contains(need, class)
}
