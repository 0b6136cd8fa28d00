package engine

import (
	"slices"

	"github.com/dhcpha/dhcpha/internal/conf"
)

// ClassSet are the classes of a query, in the order in which it came into
// them. That order decides whose options and lifetimes count.
type ClassSet []string

// Has says whether the query is in a class.
func (s ClassSet) Has(name string) bool { return slices.Contains(s, name) }

// Add puts the query into classes that it is not in yet.
func (s *ClassSet) Add(names ...string) {
	for _, name := range names {
		if !s.Has(name) {
			*s = append(*s, name)
		}
	}
}

// Allowed says whether a client in these classes passes a guard.
func (s ClassSet) Allowed(g *conf.Guard) bool {
	need := g.Allowed()
	return len(need) == 0 || slices.ContainsFunc(need, s.Has)
}
