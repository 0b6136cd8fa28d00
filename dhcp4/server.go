package dhcp4

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
)

// Server owns the sockets and goroutines of a DHCPv4 service, and asks its
// Handler for the reply to each query. Only Handler must be set. The fields
// must not be changed once Serve is called.
type Server struct {
	Handler Handler

	// Interfaces to serve, as in Kea's interfaces-config: a name ("eth0"), a
	// name with the one address to use ("eth0/192.0.2.1"), or "*" for every
	// interface but loopback, which must be named. nil means "*".
	//
	// An interface that is not there yet, is down or has no address is
	// waited for; one that goes or changes is found again.
	Interfaces []string

	// SocketType is that of Kea's dhcp-socket-type. Zero means raw where the
	// platform has it (Linux), else UDP.
	SocketType SocketType

	// Port is where queries are received; 0 means 67.
	Port uint16

	// ClientPort, when set, is where every reply goes, a relay agent's
	// included: for tests, as with the -P of Kea's server. 0 means 68 for
	// clients and 67 for relay agents.
	ClientPort uint16

	// MaxInFlight bounds the queries that are being answered at a time; what
	// exceeds it is dropped and counted. A DISCOVER is already dropped from
	// half of it on, because its client is not served yet and tries again.
	// 0 means 4096.
	MaxInFlight int

	// Logger says what becomes of interfaces and of queries that fail. nil
	// means silence.
	Logger *slog.Logger
}

// SocketType says how the server meets clients that have no address yet.
type SocketType int

const (
	// SocketRaw answers with a frame to the client's hardware address. It
	// takes packet sockets, which exist on Linux and need CAP_NET_RAW.
	SocketRaw SocketType = iota + 1
	// SocketUDP broadcasts the answers that raw sockets send to hardware
	// addresses.
	SocketUDP
)

// Serve answers queries until ctx ends or Close is called, and returns when
// all that it started has stopped. When ctx ends it drains: nothing is read
// any more, the queries in flight are answered, and nil is returned. It
// returns nil after Close too, and an error at once if the server can never
// work: an interface name that cannot be one, a lack of permission, raw
// sockets where there are none (errors.ErrUnsupported). A Server serves once.
func (s *Server) Serve(ctx context.Context) error { return errors.ErrUnsupported }

// Close stops serving at once: the context of queries in flight is cancelled
// and their replies are dropped. It returns when Serve has, so a Handler must
// not call it.
func (s *Server) Close() error { return nil }

// Ready is closed once queries are answered on everything in Interfaces (on
// at least one interface for "*").
func (s *Server) Ready() <-chan struct{} { return nil }

// NotReady says what is missing at the moment for queries to be answered on
// everything in Interfaces, such as "eth1 has no address"; nil if nothing is.
func (s *Server) NotReady() error { return nil }

// Counters tells what became of the datagrams so far.
func (s *Server) Counters() Counters { return Counters{} }

func (t SocketType) String() string {
	switch t {
	case SocketRaw:
		return "raw"
	case SocketUDP:
		return "udp"
	default:
		return fmt.Sprintf("SocketType(%d)", int(t))
	}
}
