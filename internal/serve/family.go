package serve

import "net/netip"

// Family is a version of IP.
type Family int

const (
	IPv4 Family = iota + 1
	IPv6
)

func (f Family) String() string {
	if f == IPv6 {
		return "IPv6"
	}
	return "IPv4"
}

// has says whether an address, which one host can have, is one of the family.
func (f Family) has(addr netip.Addr) bool {
	if addr.IsUnspecified() || addr.IsMulticast() || addr.Zone() != "" {
		return false
	}
	return addr.Is4() == (f == IPv4) && !addr.Is4In6()
}

// needs names what an interface cannot be served without.
func (f Family) needs() string {
	if f == IPv6 {
		return "a link-local address"
	}
	return "an address"
}

// everybody are the addresses by which clients and relay agents of a link reach
// every server.
func (f Family) everybody(l Link) []netip.Addr {
	if f == IPv6 {
		return multicast()
	}
	return l.broadcasts()
}

// unspecified is the address of a socket for all addresses.
func (f Family) unspecified() netip.Addr {
	if f == IPv6 {
		return netip.IPv6Unspecified()
	}
	return netip.IPv4Unspecified()
}

// LimitedBroadcast is 255.255.255.255.
func LimitedBroadcast() netip.Addr { return netip.AddrFrom4([4]byte{255, 255, 255, 255}) }

// AllRelayAgentsAndServers is All_DHCP_Relay_Agents_and_Servers (RFC 9915,
// section 7.1), ff02::1:2.
func AllRelayAgentsAndServers() netip.Addr {
	return netip.AddrFrom16([16]byte{0: 0xff, 1: 0x02, 13: 1, 15: 2})
}

// multicast are that and All_DHCP_Servers, ff05::1:3.
func multicast() []netip.Addr {
	return []netip.Addr{AllRelayAgentsAndServers(), netip.AddrFrom16([16]byte{0: 0xff, 1: 0x05, 13: 1, 15: 3})}
}
