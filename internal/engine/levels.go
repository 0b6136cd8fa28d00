package engine

import "github.com/dhcpha/dhcpha/internal/option"

// Levels are the options that a client may be sent, the levels with the
// highest precedence first: reservation, pools, subnet, shared network, classes
// in the order in which the client came into them, global ones. That is Kea's
// order. Nil levels are skipped.
type Levels []*option.List

// AddClasses adds the levels of the classes in the set.
func (ls *Levels) AddClasses(cs *Classes, set ClassSet) {
	for c := range cs.Of(set) {
		if c.Options != nil {
			*ls = append(*ls, c.Options)
		}
	}
}
