package ctrl

import (
	"fmt"
	"net/netip"

	"github.com/dhcpha/dhcpha/lease"
)

// Family is the version of the protocols that commands are about: 4 for IPv4
// and DHCPv4, 6 for IPv6 and DHCPv6.
type Family uint8

// The families.
const (
	V4 Family = 4
	V6 Family = 6
)

// String returns "IPv4" or "IPv6".
func (f Family) String() string { return fmt.Sprintf("IPv%d", uint8(f)) }

// has says whether an address is of the family.
func (f Family) has(addr netip.Addr) bool { return addr.Is4() == (f == V4) }

// first returns the address before all others.
func (f Family) first() netip.Addr {
	if f == V4 {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}

// hasType says whether leases of the type are of the family.
func (f Family) hasType(t lease.Type) bool { return (t == lease.V4) == (f == V4) }
