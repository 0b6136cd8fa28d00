package serve

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
)

// Server owns the sockets and goroutines of a DHCP service. The zero value has
// not served yet. What its methods promise is documented in the packages of the
// two families.
type Server struct {
	options   Options // of Serve
	counters  counters
	memory    datagrams
	watched   sync.Pool // of *Exchange
	endpoints atomic.Pointer[endpoints]
	queries   context.Context // of all queries; ends with Close
	readers   sync.WaitGroup
	workers   workers
	writers   sync.WaitGroup
	refusing  atomic.Bool // what is shed first; changed with mu held

	mu         sync.Mutex
	selectors  []selector    // what Options.Interfaces say, or SetInterfaces
	reselected chan struct{} // SetInterfaces was called
	ready      chan struct{} // made by who needs it first
	missing    error         // what is not served
	closed     bool
	cancel     context.CancelFunc // ends queries; nil before Serve
	done       chan struct{}      // closed when Serve returns
	open       map[*Socket]struct{}
	overflowed uint64 // of sockets that were closed
}

// Options are what a server serves, and how.
type Options struct {
	Family     Family
	Protocol   Protocol
	Network    Network  // of the host, as HostNetwork gives it
	Interfaces []string // names, names with an address, or "*"
	Raw        bool     // packet sockets besides UDP
	Port       uint16   // where queries are received

	// MaxInFlight bounds the queries that are being answered at a time. Those
	// that are shed first are shed from half of it on. 0 means 4096.
	MaxInFlight int
	// MaxMessage is how long a query may be.
	MaxMessage int

	// Observe is told of each datagram what has become of it, on the goroutine
	// that finds out. Nil: nobody is, and nothing is timed.
	Observe func(Exchange)

	Logger   *slog.Logger // of interfaces and sockets
	QueryLog *slog.Logger // of what queries bring about
}

// Redetect is how often interfaces are looked at.
const Redetect = time.Second

// Serve answers queries until ctx ends, and then those in flight, or until
// Close is called. It returns an error if the server can never work.
func (s *Server) Serve(ctx context.Context, o Options) error {
	l, err := s.prepare(ctx, o)
	if err != nil {
		return err
	}
	defer close(s.done)
	defer s.cancel()
	defer s.setMissing(ErrNotServing)
	defer s.drain() // also if what takes the log ends this goroutine

	ticker := time.NewTicker(Redetect)
	defer ticker.Stop()
	for err == nil && ctx.Err() == nil && s.queries.Err() == nil {
		if err = l.update(); err != nil {
			break
		}
		select {
		case <-ticker.C:
			s.workers.retire()
			s.reconsider()
		case <-s.reselected:
		case <-ctx.Done():
		case <-s.queries.Done():
		}
	}
	return err
}

// ErrNotServing says that a server does not serve yet, or any more.
var ErrNotServing = errors.New("not serving")

// prepare makes what Serve needs.
func (s *Server) prepare(ctx context.Context, o Options) (*listener, error) {
	selectors, err := parseSelectors(o.Family, o.Interfaces)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return nil, net.ErrClosed
	case s.cancel != nil:
		return nil, errors.New("a server serves once")
	}
	s.options = o
	s.memory.size = o.MaxMessage
	s.missing = ErrNotServing // until the interfaces have been looked at
	s.queries, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	s.done = make(chan struct{})
	s.selectors, s.reselected = selectors, make(chan struct{}, 1)
	s.workers.do = s.answer
	s.open = map[*Socket]struct{}{}
	s.endpoints.Store(&endpoints{})
	return &listener{server: s, sockets: map[key]*Socket{}}, nil
}

// SetInterfaces makes a serving server serve these interfaces and no others.
func (s *Server) SetInterfaces(interfaces []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel == nil || s.queries.Err() != nil {
		return fmt.Errorf("interfaces: %w", ErrNotServing)
	}
	selectors, err := parseSelectors(s.options.Family, interfaces)
	if err != nil {
		return fmt.Errorf("interfaces: %w", err)
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
		sock.StopReading()
	}
	s.readers.Wait()
	s.workers.close()
	for _, sock := range sockets {
		sock.outbox.close()
	}
	s.writers.Wait()
	for _, sock := range sockets {
		s.stop(sock)
	}
}

// Close stops serving at once, and returns when Serve has.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	for sock := range s.open {
		sock.Close()
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
func (s *Server) start(sock *Socket) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		sock.Close()
		return false
	}
	s.open[sock] = struct{}{}
	s.letRefuse(sock)
	s.readers.Go(newReader(s, sock).run)
	s.writers.Go(func() { s.transmit(sock) })
	return true
}

// stop closes a socket. Its goroutines end on their own.
func (s *Server) stop(sock *Socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.open[sock]; ok {
		s.overflowed += sock.Overflowed()
		delete(s.open, sock)
	}
	sock.Close()
	sock.outbox.close()
}

func (s *Server) openSockets() []*Socket {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.open))
}

// Ready is closed once queries are answered on everything that was asked for.
func (s *Server) Ready() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ready == nil {
		s.ready = make(chan struct{})
	}
	return s.ready
}

// NotReady says what is missing at the moment; nil if nothing is.
func (s *Server) NotReady() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel == nil {
		return ErrNotServing
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
