package enginetest

import (
	"iter"
	"slices"

	"github.com/dhcpha/dhcpha/ctrl"
)

// Subnets are subnets as lease commands ask for them.
type Subnets []ctrl.Subnet

// Subnet implements [ctrl.Subnets].
func (s Subnets) Subnet(id uint32) (ctrl.Subnet, bool) {
	i := slices.IndexFunc(s, func(subnet ctrl.Subnet) bool { return subnet.ID == id })
	if i < 0 {
		return ctrl.Subnet{}, false
	}
	return s[i], true
}

// Subnets implements [ctrl.Subnets].
func (s Subnets) Subnets() iter.Seq[ctrl.Subnet] { return slices.Values(s) }
