package conf

import (
	"net/netip"

	"github.com/dhcpha/dhcpha/internal/keajson"
)

// Subnets gives the subnets of a file, one after the other, the form that a
// program would write.
type Subnets struct {
	Report *keajson.Report
	last   uint32
}

// Normalize gives a subnet a number and its prefix no host bits. Kea numbers
// subnets without an id from 1, first those in shared networks, and does not
// skip numbers given to others.
func (s *Subnets) Normalize(path string, id *uint32, prefix *netip.Prefix) {
	if *id == 0 {
		s.last++
		*id = s.last
	}
	if masked := prefix.Masked(); prefix.IsValid() && masked != *prefix {
		s.Report.Warnf(At(path, "subnet"), "%s has bits beyond its length set; it is taken for %s", prefix, masked)
		*prefix = masked
	}
}

// NotEmpty returns nil for an object without members that are set: Kea does
// not read some that are empty.
func NotEmpty[T comparable](object *T) *T {
	if object != nil && *object == *new(T) {
		return nil
	}
	return object
}
