package dhcp6

import (
	"context"
	"net/netip"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
)

// Query is one message of a client, as it came in. It belongs to the handler:
// the server keeps no part of it.
type Query struct {
	// Message is what the client sent, without what relay agents have put
	// around it.
	Message *dhcpv6.Message
	// Relays are the Relay-forward messages that it came in, that of the relay
	// agent next to the server first. None: the client is on the link.
	Relays   []*dhcpv6.RelayMessage
	Received time.Time

	// Addresses have no zone: those that are link-local are of Interface.

	Interface string         // the interface it came in on
	Local     netip.Addr     // the address it was sent to or, by multicast, the link-local one of that interface
	Source    netip.AddrPort // who sent the datagram: the client, or the relay agent next to the server
	Unicast   bool           // sent to Local, not to a multicast address
	Length    int            // of the client's message on the wire, in bytes

	// Classes are the client classes known before the engine evaluates its
	// own, such as those of the Gate.
	Classes []string
}

// Reply is the answer to a query: an Advertise or a Reply. The server puts it
// into the Relay-reply messages that lead back to the client (RFC 9915, section
// 19.3), with what they have to carry.
type Reply struct {
	Message *dhcpv6.Message
}

// The handlers of dhcp4 look alike and stay apart, as queries and replies are of
// other types.

// Handler answers queries. It is called in a goroutine of its own for every
// query and may block; ctx ends when the server is closed.
type Handler interface {
	// ServeDHCP returns the reply to a query, or nil for silence. After an
	// error nothing is sent, and the error is logged.
	ServeDHCP(ctx context.Context, q *Query) (*Reply, error)
}

// HandlerFunc makes a Handler of a function.
type HandlerFunc func(ctx context.Context, q *Query) (*Reply, error)

// ServeDHCP calls f.
func (f HandlerFunc) ServeDHCP(ctx context.Context, q *Query) (*Reply, error) { return f(ctx, q) }
