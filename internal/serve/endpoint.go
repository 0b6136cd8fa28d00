package serve

import (
	"net/netip"
	"slices"
	"sync/atomic"
)

// key is what a socket is for. A socket whose key is no longer wanted is
// closed; so what matters to how it was opened is in here.
type key struct {
	addr netip.Addr // UDP: the address it listens on; invalid: a packet socket

	// Of a packet socket, and of a UDP socket that serves one interface.
	ifindex    int
	hwLen      int
	broadcasts string // the addresses that its filter passes
}

// Socket is a Conn with those who read and write it.
type Socket struct {
	Conn
	key    key
	outbox *outbox
	failed atomic.Pointer[error] // why reading ended; it is to be opened anew

	refuses bool // what is shed first; guarded by Server.mu
}

// join makes a socket that serves all links receive what is sent to everybody
// on this one.
func (s *Socket) join(l *Link) error {
	if j, ok := s.Conn.(joiner); ok && s.key.ifindex == 0 {
		return j.Join(l)
	}
	return nil
}

// Endpoint is an interface that is served.
type Endpoint struct {
	Choice
	Local     netip.Addr   // what clients that ask everybody learn as the server's address
	Everybody []netip.Addr // the addresses by which they do
	Raw       *Socket      // nil: there is UDP only
	UDP       *Socket      // for replies to what Raw received that are not frames
}

// endpoints are all interfaces that are served, by index.
type endpoints map[int]*Endpoint

// find gives the endpoint of a datagram, and whether it was sent to an address
// rather than to everybody; nil if it is not for this server.
func (e endpoints) find(d *Datagram) (ep *Endpoint, unicast bool) {
	ep = e[d.Ifindex]
	if ep == nil {
		return nil, false
	}
	if !d.Local.IsValid() || slices.Contains(ep.Everybody, d.Local) {
		return ep, false
	}
	if slices.Contains(ep.Served, d.Local) || ep.Loopback {
		return ep, true
	}
	// The host's addresses are valid on all its interfaces.
	for _, other := range e {
		if slices.Contains(other.Served, d.Local) {
			return ep, true
		}
	}
	return nil, false
}
