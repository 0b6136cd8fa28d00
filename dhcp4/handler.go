package dhcp4

import (
	"context"
	"net/netip"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// Query is one message of a client, as it came in. It belongs to the handler:
// the server keeps no part of it.
type Query struct {
	Message  *dhcpv4.DHCPv4
	Received time.Time

	Interface string         // the interface it came in on
	Local     netip.Addr     // that interface's address; the server identifier unless configured otherwise
	Source    netip.AddrPort // who sent the datagram: the client, or its relay agent
	Unicast   bool           // sent to Local, not broadcast
	Length    int            // of the message on the wire, in bytes

	// Classes are the client classes known before the engine evaluates its
	// own, such as those of the Gate.
	Classes []string
}

// Reply is the answer to a query. The server finds out where it goes (RFC
// 2131, section 4.1), and puts the options in the order the client asked for.
type Reply struct {
	Message *dhcpv4.DHCPv4
}

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
