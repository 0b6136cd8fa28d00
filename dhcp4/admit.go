package dhcp4

import (
	"net/netip"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// accept says why a query is not looked into: because it lacks what RFC 2131,
// section 4.4.1, table 5 demands, or is left to another server by the Gate.
// Empty: it is.
func (x *exchange) accept() string {
	server := x.q.options.has(optServerID)
	current := x.q.ciaddr
	switch n := len(x.client.ID); {
	case n == 0 && len(x.client.HWAddr) == 0:
		return "neither hardware address nor client identifier"
	case n == 1 || n > maxClientID:
		// RFC 2132, section 9.14: at least 2. Kea does not answer either, and
		// as a partner would refuse the lease.
		return "length of the client identifier out of range"
	}
	switch x.typ {
	case dhcpv4.MessageTypeDiscover:
		if server {
			return "server identifier in a DISCOVER"
		}
	case dhcpv4.MessageTypeRequest:
		if state, _ := stateOf(x.q); state == stateNone {
			return "REQUEST for no address"
		}
	// DECLINE and RELEASE have to name the server, but there are clients that
	// do not; Kea takes theirs too.
	case dhcpv4.MessageTypeDecline:
		if !x.q.addressOption(optRequestedAddr).IsValid() {
			return "DECLINE of no address"
		}
	case dhcpv4.MessageTypeRelease:
		if !current.IsValid() {
			return "RELEASE of no address"
		}
	case dhcpv4.MessageTypeInform:
		source := x.q.source.Addr()
		if !current.IsValid() && !x.q.giaddr.IsValid() && (!source.IsValid() || source.IsUnspecified()) {
			return "INFORM from nowhere"
		}
	default:
		return "message type not for servers"
	}
	if x.e.gate == nil {
		return ""
	}
	classes, serve := x.e.gate.Admit(x.client, waited(x.q.secs), x.room.serverName)
	if !serve {
		return "left to another server"
	}
	x.classes.Add(classes...)
	return ""
}

// forThisServer says whether the query names no server, or this one. A client
// that names another has taken that one's offer, so ours is free again (RFC
// 2131, section 3.1, step 4).
func (x *exchange) forThisServer() bool {
	if !x.q.options.has(optServerID) {
		return true
	}
	id := x.q.addressOption(optServerID)
	if id.IsValid() && x.isServer(id) {
		return true
	}
	x.e.core.Stats.NotForUs.Add(1)
	x.e.core.Stats.Dropped.Add(1)
	if x.typ == dhcpv4.MessageTypeRequest {
		for _, byID := range [...]bool{true, false} {
			holder := identity(x.client, byID)
			x.e.core.Alloc.ReleaseOffers(holder)
			if x.p.held != nil {
				x.p.held.DropAll(holder)
			}
		}
	}
	return false
}

// isServer says whether the address identifies this server: it is one of its
// own, is configured as server identifier, or is what a relay agent demanded
// (RFC 5107).
func (x *exchange) isServer(id netip.Addr) bool {
	if v := x.relaySuboption(relayServerIDOverride); len(v) == 4 && address(v) == id {
		return true
	}
	if c := x.p.cfg.Compatibility; c != nil && c.IgnoreDHCPServerIdentifier {
		return true
	}
	return id == x.q.local || x.p.serverIDs[id] || x.e.locals.has(id)
}
