package dhcp6

import (
	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/dhcpha/dhcpha/internal/serve"
)

// Counters tells what became of the datagrams since the server started. Every
// datagram received is counted in one of Refused, Shed, Answered, Silent,
// Failed and Panicked, or is in flight; every answered one in one of Sent and
// Unsent, or waits for its socket.
type Counters struct {
	Received      uint64                        // datagrams
	ReceivedTypes map[dhcpv6.MessageType]uint64 // by the type of the client's message, where there is one; 0: the types that the server does not know
	Refused       map[Refusal]uint64            // not worth asking the handler, by reason
	Shed          uint64                        // dropped because too many were in flight
	InFlight      uint64                        // with the handler now

	Answered uint64 // the handler gave a reply
	Silent   uint64 // the handler gave none
	Failed   uint64 // the handler gave an error
	Panicked uint64 // the handler panicked

	Sent      uint64                        // replies that have left
	SentTypes map[dhcpv6.MessageType]uint64 // of these, by the type of the server's message
	Unsent    uint64                        // replies that could not be encoded or sent

	Overflowed uint64 // dropped by the kernel, because they came faster than they were read or, if shed first, while too many were in flight; not in Received
}

// Counters tells what became of the datagrams so far.
func (s *Server) Counters() Counters {
	c := s.machine.Counters()
	return Counters{
		Received:      c.Received,
		ReceivedTypes: serve.ByKind[dhcpv6.MessageType](&c.ReceivedKinds),
		Refused:       serve.ByKind[Refusal](&c.Refused),
		Shed:          c.Shed,
		InFlight:      c.InFlight,
		Answered:      c.Answered,
		Silent:        c.Silent,
		Failed:        c.Failed,
		Panicked:      c.Panicked,
		Sent:          c.Sent,
		SentTypes:     serve.ByKind[dhcpv6.MessageType](&c.SentKinds),
		Unsent:        c.Unsent,
		Overflowed:    c.Overflowed,
	}
}

// kindOf is the message type by which a message is counted: none for those that
// neither RFC 9915 nor RFC 9686 knows.
func kindOf(typ dhcpv6.MessageType) int {
	switch {
	case typ <= dhcpv6.MessageTypeRelayReply, typ == dhcpv6.MessageTypeAddrRegInform, typ == dhcpv6.MessageTypeAddrRegReply:
		return int(typ)
	default:
		return int(dhcpv6.MessageTypeNone)
	}
}
