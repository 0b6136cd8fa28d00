package main

import (
	"net/netip"
	"time"
)

// family is DHCPv4 or DHCPv6 in the mouth of a relay agent.
type family interface {
	// ask is a client's first message: DISCOVER or Solicit.
	ask(xid uint32, c client) []byte
	// take is its second: it takes what a server has offered.
	take(xid uint32, c client, offer *answer) []byte
	// setElapsed says in a built message for how long its client has been trying.
	setElapsed(p []byte, d time.Duration)
	// parse reads a server's message, which a keeps parts of. It returns false
	// for what is none.
	parse(p []byte, a *answer) bool
}

// client is a client's number, which its hardware address is made of.
type client uint64

// hwAddr returns a client's hardware address, locally administered and unicast.
func (c client) hwAddr() hwAddr {
	return hwAddr{byte(c>>40)&^1 | 2, byte(c >> 32), byte(c >> 24), byte(c >> 16), byte(c >> 8), byte(c)}
}

type hwAddr [6]byte

// kind is what an answer means.
type kind int

const (
	offered kind = iota + 1 // OFFER, Advertise
	granted                 // ACK, Reply
	refused                 // NAK; an Advertise or Reply without all that was asked for
)

// answer is what a server says.
type answer struct {
	kind   kind
	xid    uint32
	hw     hwAddr   // of the client
	server []byte   // the server's identifier
	leases [2]lease // an address; with DHCPv6 then a prefix
}

// lease is an address or a prefix; its zero value is none.
type lease struct {
	what    netip.Prefix
	seconds uint32
}

func (l lease) String() string {
	if l.what.IsSingleIP() {
		return l.what.Addr().String()
	}
	return l.what.String()
}
