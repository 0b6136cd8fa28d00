package dhcp4

import "github.com/insomniacslk/dhcp/dhcpv4"

// Counters tells what became of the datagrams since the server started. Every
// datagram received is in exactly one of Refused, Shed, Undecoded, Answered,
// Silent, Failed and Panicked, or still in flight.
type Counters struct {
	Received      uint64                        // datagrams
	ReceivedTypes map[dhcpv4.MessageType]uint64 // queries, by type; MessageTypeNone: of no known type
	Refused       map[Refusal]uint64            // not looked at further, by reason
	Shed          uint64                        // dropped because too many were in flight
	Answered      uint64                        // the handler gave a reply
	Silent        uint64                        // the handler gave none
	Failed        uint64                        // the handler gave an error
	Panicked      uint64                        // the handler panicked
	Sent          uint64                        // replies that have left
	SentTypes     map[dhcpv4.MessageType]uint64 // replies that have left, by type
	SendFailed    uint64                        // replies that could not be encoded or sent
	Overflowed    uint64                        // datagrams the kernel dropped because they were not read in time
	InFlight      int                           // queries with the handler now
}

// Refusal is the reason why a datagram is not served.
type Refusal int
