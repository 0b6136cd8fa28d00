package dhcp6

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/internal/serve"
)

// dhcp4 has one that looks alike. They stay apart, as each package documents what
// its users fill in; what is done with it is done once, in internal/serve.

// Server owns the sockets and goroutines of a DHCPv6 service, and asks its
// Handler for the reply to each query. Handler and Interfaces must be set. The
// fields must not be changed once Serve is called.
type Server struct {
	Handler Handler

	// Interfaces to serve, as in Kea's interfaces-config: a name ("eth0"), a
	// name with the one address to use for unicast ("eth0/2001:db8::1"), or
	// "*" for every interface but loopback, which must be named. As in Kea
	// none means none: nothing is served until SetInterfaces names some.
	//
	// What is sent to the multicast addresses of servers and to the
	// interface's link-local address is always served. Unlike Kea, which
	// wants them named, the server is reached at all other addresses of an
	// interface too, unless one is named.
	//
	// An interface that is not there yet, is down or has no link-local
	// address is waited for; one that goes or changes is found again.
	// SetInterfaces changes them while the server runs.
	Interfaces []string

	// Port is where queries are received; 0 means 547.
	Port uint16

	// ClientPort, when set, is where every reply goes, a relay agent's
	// included: for tests, as with the -P of Kea's server. 0 means 546 for
	// clients and, for relay agents, 547 or the port they ask for (RFC 8357).
	ClientPort uint16

	// Segment lets replies that leave for one relay agent at a time do so as
	// one packet, which the kernel or the network card divides (UDP_SEGMENT of
	// Linux; elsewhere it is errors.ErrUnsupported). Under load that is a sixth
	// of the server's processor time. It is not for relay agents that listen
	// with packet sockets, as ISC's dhcrelay does, on virtual links of the same
	// machine (veth): these get the packet undivided.
	Segment bool

	// MaxInFlight bounds the queries that are being answered at a time; what
	// exceeds it is dropped and counted. Solicit and Information-request
	// messages are already dropped from half of it on, because their clients
	// are not served yet and try again. 0 means 4096.
	MaxInFlight int

	// Observe is called once for each datagram that was received, as soon as it
	// is known what has become of it. The goroutines that read, answer and
	// write call it, several at a time, and wait for it: it must be quick, and
	// must not call Close. nil means that nobody is told and nothing is timed.
	Observe func(Exchange)

	// Logger says what becomes of interfaces and of queries that fail. nil
	// means silence.
	Logger *slog.Logger

	machine serve.Server
	network serve.Network // nil: the host's
}

// Serve answers queries until ctx ends or Close is called, and returns when
// all that it started has stopped. When ctx ends it drains: nothing is read
// any more, the queries in flight are answered, and nil is returned. It
// returns nil after Close too, and an error at once if the server can never
// work: an interface name that cannot be one, a lack of permission
// (fs.ErrPermission), a Server that was closed (net.ErrClosed). A Server
// serves once.
func (s *Server) Serve(ctx context.Context) error {
	if err := s.serve(ctx); err != nil {
		return fmt.Errorf("dhcp6: serve: %w", err)
	}
	return nil
}

func (s *Server) serve(ctx context.Context) error {
	if s.Handler == nil {
		return errors.New("no handler")
	}
	network := s.network
	if network == nil {
		network = serve.HostNetwork(serve.IPv6, s.Segment)
	}
	logger := s.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return s.machine.Serve(ctx, serve.Options{
		Family:      serve.IPv6,
		Protocol:    &protocol{server: s},
		Network:     network,
		Interfaces:  s.Interfaces,
		Port:        cmp.Or(s.Port, serverPort),
		MaxInFlight: s.MaxInFlight,
		MaxMessage:  maxMessage,
		Observe:     s.observer(),
		Logger:      logger,
		QueryLog:    engine.Throttled(logger),
	})
}

// SetInterfaces makes a serving server serve these interfaces and no others;
// those it serves already go on undisturbed. They are as in Interfaces.
func (s *Server) SetInterfaces(interfaces []string) error {
	if err := s.machine.SetInterfaces(interfaces); err != nil {
		return fmt.Errorf("dhcp6: %w", err)
	}
	return nil
}

// Close stops serving at once: the context of queries in flight is cancelled
// and their replies are dropped. It returns when Serve has, so a Handler must
// not call it.
func (s *Server) Close() error { return s.machine.Close() }

// Ready is closed once queries are answered on everything in Interfaces (on
// at least one interface for "*").
func (s *Server) Ready() <-chan struct{} { return s.machine.Ready() }

// NotReady says what is missing at the moment for queries to be answered on
// everything in Interfaces, such as "eth1 has no link-local address"; nil if
// nothing is.
func (s *Server) NotReady() error { return s.machine.NotReady() }
