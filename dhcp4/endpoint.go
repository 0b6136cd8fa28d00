package dhcp4

import (
	"net/netip"
	"slices"
	"sync/atomic"
)

// socketKey is what a socket is for. A socket whose key is no longer wanted is
// closed; so what matters to how it was opened is in here.
type socketKey struct {
	addr netip.Addr // UDP: the address it listens on; invalid: a packet socket

	// Of a packet socket, and of a UDP socket where datagrams do not tell
	// their interface.
	ifindex    int
	hwLen      int
	broadcasts string // the addresses that its filter passes
}

// socket is a conn with those who read and write it.
type socket struct {
	conn
	key    socketKey
	outbox *outbox
	failed atomic.Pointer[error] // why reading ended; it is to be opened anew
}

// endpoint is an interface that is served.
type endpoint struct {
	choice
	local     netip.Addr   // what clients that broadcast learn as the server's address
	everybody []netip.Addr // the broadcast addresses
	raw       *socket      // nil: there is UDP only
	udp       *socket      // for unicast replies to what raw received
}

// endpoints are all interfaces that are served, by index.
type endpoints map[int]*endpoint

// find gives the endpoint of a datagram, and whether it was sent to an address
// rather than broadcast; nil if it is not for this server.
func (e endpoints) find(d *datagram) (ep *endpoint, unicast bool) {
	ep = e[d.ifindex]
	if ep == nil {
		return nil, false
	}
	if !d.local.IsValid() || slices.Contains(ep.everybody, d.local) {
		return ep, false
	}
	if slices.Contains(ep.served, d.local) || ep.loopback {
		return ep, true
	}
	// The host's addresses are valid on all its interfaces.
	for _, other := range e {
		if slices.Contains(other.served, d.local) {
			return ep, true
		}
	}
	return nil, false
}

// isBroadcast says whether b begins with a broadcast address of one of the
// interface's networks, which is nobody's own.
func (ep *endpoint) isBroadcast(b []byte) bool {
	addr := netip.AddrFrom4([4]byte(b))
	return !addr.IsUnspecified() && slices.Contains(ep.everybody, addr)
}
