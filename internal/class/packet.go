package class

import (
	"iter"
	"net/netip"
)

// Packet is what expressions look at. What a family does not have stays zero.
type Packet struct {
	Interface           string     // the interface the packet came in on
	Source, Destination netip.Addr // of the datagram
	// Len is the length of the message. Kea counts a DHCPv4 message without the
	// magic cookie, the end option and padding.
	Len int

	MessageType   uint8
	TransactionID uint32

	// DHCPv4 header fields; an address that is not set is 0.0.0.0.
	HType                          uint8
	HWAddr                         []byte
	CIAddr, YIAddr, SIAddr, GIAddr netip.Addr

	// Relays are the DHCPv6 relay agents that the packet came through, the one
	// next to the server first.
	Relays []Relay

	// Option returns the payload of an option of the client's message, and
	// whether there is one: several instances joined in DHCPv4, the first one
	// in DHCPv6. Nil: there are no options.
	Option func(code uint16) ([]byte, bool)

	// Each goes through the payloads of the instances of an option of the
	// client's message, which in DHCPv6 may be of several enterprises. Nil:
	// Option has all that there is.
	Each func(code uint16) iter.Seq[[]byte]

	// Member tells whether the packet is in a class. Nil: it is in none.
	Member func(class string) bool
}

// Relay is a DHCPv6 relay agent's part of a packet.
type Relay struct {
	Link, Peer netip.Addr
	// Option returns the payload of an option that the relay agent added.
	Option func(code uint16) ([]byte, bool)
}
