package dhcp4

import "net/netip"

// requestState is the state of the client that sent a DHCPREQUEST.
type requestState int

const (
	stateNone       requestState = iota // the message fits no state
	stateSelecting                      // it accepts an offer
	stateInitReboot                     // it checks an address that it remembers
	stateRenewing                       // it prolongs its lease with the server it has it from
	stateRebinding                      // it prolongs its lease with any server
)

// stateOf tells the state by what the message has (RFC 2131, section 4.3.6,
// table 4), and the address it is about: ciaddr, or the requested address.
//
// A client that fills in both a server identifier and ciaddr violates the
// table. It names the address and the server, so it is served as if it
// selected that address.
func stateOf(q *incoming) (requestState, netip.Addr) {
	requested, current := q.addressOption(optRequestedAddr), q.ciaddr
	server := q.options.has(optServerID)
	switch {
	case server && requested.IsValid():
		return stateSelecting, requested
	case server && current.IsValid():
		return stateSelecting, current
	case server:
		return stateNone, netip.Addr{}
	case requested.IsValid():
		return stateInitReboot, requested
	case current.IsValid() && q.unicast:
		return stateRenewing, current
	case current.IsValid():
		return stateRebinding, current
	default:
		return stateNone, netip.Addr{}
	}
}
