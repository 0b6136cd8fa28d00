package main

import (
	"net/netip"
	"time"
)

// family is DHCPv4 or DHCPv6 in the mouth of a relay agent.
type family interface {
	// query appends what a client says.
	query(b []byte, q *query) []byte
	// parse reads a server's message, which a keeps parts of. It returns false
	// for what is none.
	parse(p []byte, a *answer) bool
}

// query is a client's message.
type query struct {
	step    step
	xid     uint32 // of 24 bits, as many as DHCPv6 has
	client  client
	elapsed time.Duration // for how long the client has been trying
	has     answer        // what it takes or renews
}

// step is how far a client is.
type step int

const (
	asks    step = iota + 1 // DISCOVER, Solicit
	takes                   // REQUEST, Request: what a server has offered
	renews                  // REQUEST of an address that it has, Renew
	rebinds                 // the same, and any server is meant: Rebind
	returns                 // RELEASE, Release: no answer is waited for
)

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

	associations [2][]byte // DHCPv6: all that there are of these, as options
}

// keep makes a the answer of another one, without parts in common.
func (a *answer) keep(other *answer) {
	server := append(a.server[:0], other.server...)
	*a = *other
	a.server, a.associations = server, [2][]byte{}
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
