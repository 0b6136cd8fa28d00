package dhcp4

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dhcpha/dhcpha/internal/engine"
)

// Server owns the sockets and goroutines of a DHCPv4 service, and asks its
// Handler for the reply to each query. Handler and Interfaces must be set. The
// fields must not be changed once Serve is called.
type Server struct {
	Handler Handler

	// Interfaces to serve, as in Kea's interfaces-config: a name ("eth0"), a
	// name with the one address to use ("eth0/192.0.2.1"), or "*" for every
	// interface but loopback, which must be named. As in Kea none means none:
	// nothing is served until SetInterfaces names some.
	//
	// An interface that is not there yet, is down or has no address is
	// waited for; one that goes or changes is found again. SetInterfaces
	// changes them while the server runs.
	Interfaces []string

	// SocketType is that of Kea's dhcp-socket-type. Zero means raw where the
	// platform has it (Linux), else UDP.
	SocketType SocketType

	// Port is where queries are received; 0 means 67.
	Port uint16

	// ClientPort, when set, is where every reply goes, a relay agent's
	// included: for tests, as with the -P of Kea's server. 0 means 68 for
	// clients and, for relay agents, 67 or the port they ask for (RFC 8357).
	ClientPort uint16

	// MaxInFlight bounds the queries that are being answered at a time; what
	// exceeds it is dropped and counted. A DISCOVER is already dropped from
	// half of it on, because its client is not served yet and tries again.
	// 0 means 4096.
	MaxInFlight int

	// Logger says what becomes of interfaces and of queries that fail. nil
	// means silence.
	Logger *slog.Logger

	network   network // nil until Serve, unless a test has its own
	socketRaw bool
	logger    *slog.Logger
	queryLog  *slog.Logger // for what queries bring about

	counters  counters
	memory    datagrams
	endpoints atomic.Pointer[endpoints]
	queries   context.Context // of all queries; ends with Close
	readers   sync.WaitGroup
	workers   workers
	writers   sync.WaitGroup

	mu         sync.Mutex
	selectors  []selector    // what Interfaces say, or SetInterfaces
	reselected chan struct{} // SetInterfaces was called
	ready      chan struct{} // made by who needs it first
	missing    error         // what is not served
	closed     bool
	cancel     context.CancelFunc // ends queries; nil before Serve
	done       chan struct{}      // closed when Serve returns
	open       map[*socket]struct{}
	overflowed uint64 // of sockets that were closed
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

// redetect is how often interfaces are looked at.
const redetect = time.Second

// Serve answers queries until ctx ends or Close is called, and returns when
// all that it started has stopped. When ctx ends it drains: nothing is read
// any more, the queries in flight are answered, and nil is returned. It
// returns nil after Close too, and an error at once if the server can never
// work: an interface name that cannot be one, a lack of permission
// (fs.ErrPermission), raw sockets where there are none
// (errors.ErrUnsupported), a Server that was closed (net.ErrClosed). A Server
// serves once.
func (s *Server) Serve(ctx context.Context) error {
	l, err := s.prepare(ctx)
	if err != nil {
		return fmt.Errorf("dhcp4: serve: %w", err)
	}
	defer close(s.done)
	defer s.cancel()
	defer s.setMissing(errNotServing)

	ticker := time.NewTicker(redetect)
	defer ticker.Stop()
	for err == nil && ctx.Err() == nil && s.queries.Err() == nil {
		if err = l.update(); err != nil {
			break
		}
		select {
		case <-ticker.C:
		case <-s.reselected:
		case <-ctx.Done():
		case <-s.queries.Done():
		}
	}
	s.drain()
	if err != nil {
		return fmt.Errorf("dhcp4: serve: %w", err)
	}
	return nil
}

var errNotServing = errors.New("not serving")

// prepare checks the fields and makes what Serve needs.
func (s *Server) prepare(ctx context.Context) (*listener, error) {
	selectors, err := parseSelectors(s.Interfaces)
	if err != nil {
		return nil, err
	}
	if s.Handler == nil {
		return nil, errors.New("no handler")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return nil, net.ErrClosed
	case s.cancel != nil:
		return nil, errors.New("a server serves once")
	}
	if s.logger = s.Logger; s.logger == nil {
		s.logger = slog.New(slog.DiscardHandler)
	}
	s.queryLog = engine.Throttled(s.logger)
	if s.network == nil {
		s.network = hostNetwork{}
	}
	switch err := s.network.raw(); s.SocketType {
	case 0:
		s.socketRaw = err == nil
	case SocketRaw:
		if err != nil {
			return nil, err
		}
		s.socketRaw = true
	case SocketUDP:
	default:
		return nil, fmt.Errorf("unknown socket type %v", s.SocketType)
	}
	s.missing = errNotServing // until the interfaces have been looked at
	s.queries, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	s.done = make(chan struct{})
	s.selectors, s.reselected = selectors, make(chan struct{}, 1)
	s.workers.jobs = make(chan job)
	s.open = map[*socket]struct{}{}
	s.endpoints.Store(&endpoints{})
	return &listener{server: s, sockets: map[socketKey]*socket{}}, nil
}

// SetInterfaces makes a serving server serve these interfaces and no others;
// those it serves already go on undisturbed. They are as in Interfaces.
func (s *Server) SetInterfaces(interfaces []string) error {
	selectors, err := parseSelectors(interfaces)
	if err != nil {
		return fmt.Errorf("dhcp4: interfaces: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel == nil || s.queries.Err() != nil {
		return fmt.Errorf("dhcp4: interfaces: %w", errNotServing)
	}
	s.selectors = selectors
	select {
	case s.reselected <- struct{}{}:
	default: // it has not looked since the last time
	}
	return nil
}

// selected returns what is to be served.
func (s *Server) selected() []selector {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.selectors
}

// drain ends what Serve started: first who reads, then who answers, then who
// writes. After Close nothing is read or written any more.
func (s *Server) drain() {
	sockets := s.openSockets()
	for _, sock := range sockets {
		sock.stopReading()
	}
	s.readers.Wait()
	close(s.workers.jobs)
	s.workers.Wait()
	for _, sock := range sockets {
		sock.outbox.close()
	}
	s.writers.Wait()
	for _, sock := range sockets {
		s.stop(sock)
	}
}

// Close stops serving at once: the context of queries in flight is cancelled
// and their replies are dropped. It returns when Serve has, so a Handler must
// not call it.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	for sock := range s.open {
		sock.conn.Close()
	}
	cancel, done := s.cancel, s.done
	s.mu.Unlock()
	if cancel != nil {
		cancel()
		<-done
	}
	return nil
}

// start lets a socket be read and written; false says that the server is
// closed, and the socket with it.
func (s *Server) start(sock *socket) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		sock.conn.Close()
		return false
	}
	s.open[sock] = struct{}{}
	s.readers.Go(func() { s.receive(sock) })
	s.writers.Go(func() { s.transmit(sock) })
	return true
}

// stop closes a socket. Its goroutines end on their own.
func (s *Server) stop(sock *socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.open[sock]; ok {
		s.overflowed += sock.conn.overflowed()
		delete(s.open, sock)
	}
	sock.conn.Close()
	sock.outbox.close()
}

func (s *Server) openSockets() []*socket {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.open))
}

// Ready is closed once queries are answered on everything in Interfaces (on
// at least one interface for "*").
func (s *Server) Ready() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ready == nil {
		s.ready = make(chan struct{})
	}
	return s.ready
}

// NotReady says what is missing at the moment for queries to be answered on
// everything in Interfaces, such as "eth1 has no address"; nil if nothing is.
func (s *Server) NotReady() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel == nil {
		return errNotServing
	}
	return s.missing
}

func (s *Server) setMissing(missing error) {
	ready := s.Ready()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.missing = missing
	select {
	case <-ready:
	default:
		if missing == nil {
			close(s.ready)
		}
	}
}

// Counters tells what became of the datagrams so far.
func (s *Server) Counters() Counters {
	c := s.counters.snapshot()
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Overflowed = s.overflowed
	for sock := range s.open {
		c.Overflowed += sock.conn.overflowed()
	}
	return c
}

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
