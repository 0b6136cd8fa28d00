package dhcp4

import (
	"sync/atomic"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// Counters tells what became of the datagrams since the server started. Every
// datagram received is counted in one of Refused, Shed, Answered, Silent,
// Failed and Panicked, or is in flight; every answered one in one of Sent and
// Unsent, or waits for its socket.
type Counters struct {
	Received      uint64                        // datagrams
	ReceivedTypes map[dhcpv4.MessageType]uint64 // those with a message type, by that; MessageTypeNone: the types that RFC 2131 does not know
	Refused       map[Refusal]uint64            // not worth asking the handler, by reason
	Shed          uint64                        // dropped because too many were in flight
	InFlight      uint64                        // with the handler now

	Answered uint64 // the handler gave a reply
	Silent   uint64 // the handler gave none
	Failed   uint64 // the handler gave an error
	Panicked uint64 // the handler panicked

	Sent      uint64                        // replies that have left
	SentTypes map[dhcpv4.MessageType]uint64 // of these, by message type
	Unsent    uint64                        // replies that could not be encoded or sent
	Shortened uint64                        // replies that had to leave out options for want of room

	Overflowed uint64 // dropped by the kernel, because they came faster than they were read; not in Received
}

// counters is what is counted for Counters.
type counters struct {
	received, shed, answered, silent, failed, panicked, unsent, shortened atomic.Uint64

	inFlight      atomic.Int64
	refused       [refusals]atomic.Uint64
	receivedTypes [messageTypes]atomic.Uint64
	sentTypes     [messageTypes]atomic.Uint64
}

// messageTypes is one more than the last type of RFC 2131.
const messageTypes = int(dhcpv4.MessageTypeInform) + 1

func typeIndex(typ dhcpv4.MessageType) int {
	if int(typ) >= messageTypes {
		return int(dhcpv4.MessageTypeNone)
	}
	return int(typ)
}

func (c *counters) snapshot() Counters {
	s := Counters{
		InFlight:      uint64(max(0, c.inFlight.Load())),
		Shed:          c.shed.Load(),
		Answered:      c.answered.Load(),
		Silent:        c.silent.Load(),
		Failed:        c.failed.Load(),
		Panicked:      c.panicked.Load(),
		Unsent:        c.unsent.Load(),
		Shortened:     c.shortened.Load(),
		Refused:       map[Refusal]uint64{},
		ReceivedTypes: map[dhcpv4.MessageType]uint64{},
		SentTypes:     map[dhcpv4.MessageType]uint64{},
	}
	for i := range c.refused {
		if n := c.refused[i].Load(); n > 0 {
			s.Refused[Refusal(i)] = n
		}
	}
	for i := range messageTypes {
		if n := c.receivedTypes[i].Load(); n > 0 {
			s.ReceivedTypes[dhcpv4.MessageType(i)] = n
		}
		if n := c.sentTypes[i].Load(); n > 0 {
			s.SentTypes[dhcpv4.MessageType(i)] = n
			s.Sent += n
		}
	}
	s.Received = c.received.Load()
	return s
}
