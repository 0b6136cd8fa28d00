package dhcp6

import (
	"encoding/binary"
	"net/netip"
)

// anycast says whether an address of the subnet is one of its anycast addresses,
// which no client is to be assigned (RFC 9915, section 13.1, and RFC 5453): that
// of its routers, with which the subnet begins, or one of those that RFC 2526
// reserves. A subnet of one or two addresses has none (RFC 6164). Kea assigns
// them. Who has a lease of one keeps it.
func (s *subnet) anycast(addr netip.Addr) bool {
	if s.prefix.Bits() >= 127 {
		return false
	}
	b := addr.As16()
	id := binary.BigEndian.Uint64(b[8:])
	return addr == s.prefix.Addr() || id == 0 || id >= 0xfdff_ffff_ffff_ff80 && id <= 0xfdff_ffff_ffff_ffff
}
