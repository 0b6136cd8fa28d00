package engine

import (
	"iter"
	"slices"

	"github.com/dhcpha/dhcpha/ctrl"
)

// Subnets returns the subnets that the engine serves, as they are when they are
// asked for.
func (c *Core) Subnets() ctrl.Subnets { return subnets{c} }

type subnets struct{ core *Core }

func (s subnets) Subnet(id uint32) (ctrl.Subnet, bool) {
	in, ok := s.core.settings.Load().byID[id]
	return in, ok
}

func (s subnets) Subnets() iter.Seq[ctrl.Subnet] {
	return slices.Values(s.core.settings.Load().Subnets)
}
