package serve

import (
	"context"

	"golang.org/x/net/bpf"
)

// Protocol is what a family does with datagrams. Its methods are called by many
// goroutines at a time.
type Protocol interface {
	// Accept looks at what can be seen of a datagram without decoding it, and
	// says which kind of message it is, which only serves to count it
	// (negative: of none), and why it is not served (0: it is). unicast says
	// whether it was sent to an address of the host rather than to everybody.
	// ep is nil if it came in on an interface, or to an address, that is not
	// served.
	Accept(d *Datagram, ep *Endpoint, unicast bool) (kind, refused int)
	// ShedFirst says whether queries of the kind are dropped first when too
	// many are in flight.
	ShedFirst(kind int) bool
	// Unwanted is a filter that refuses queries which are shed first, but may
	// pass those where it is hard to see. It begins with X at the UDP header.
	Unwanted() []bpf.Instruction
	// Decode reads a query that was accepted, or says why it is refused all
	// the same. The datagram's memory is used again when it has returned.
	Decode(a Arrival) (q Query, refused int)
	// Reason is the text for a refusal.
	Reason(refused int) string
}

// Query is a query that has been decoded. Its methods are called one after the
// other, in this order, but for Client.
type Query interface {
	// Client names who asks, for the log. It does not panic, whatever the
	// handler has done to the query.
	Client() string
	// Begin does what can be done without waiting for anything, and says
	// whether there is more to do. Who reads the socket calls it: of two
	// servers that share the clients of a link each receives all queries, and
	// what is left to the other is not worth a goroutine.
	Begin() (goesOn bool)
	// Ask has the query answered and says whether there is a reply.
	Ask(ctx context.Context) (answered bool, err error)
	// Encode puts the reply, and where it goes, into a datagram, and says by
	// which socket it leaves.
	Encode(d *Datagram) (*Socket, error)
	// Done says that the query is not used any more. It is not called after a
	// panic or an error.
	Done()
}

// What a socket says of a datagram that is not a query: the first refusals of
// every protocol.
const (
	Damaged = iota + 1 // not a whole UDP datagram with a right checksum
	TooLong            // longer than a query may be
)

// Kinds is how many kinds of messages, and how many refusals, can be told apart.
const Kinds = 64
