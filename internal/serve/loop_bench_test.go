package serve

import (
	"context"
	"log/slog"
	"net/netip"
	"os"
	"sync"
	"testing"

	"golang.org/x/net/bpf"
)

// BenchmarkLoop measures what a query costs between the socket and the handler,
// and back. The two themselves cost next to nothing. 256 queries are in flight.
func BenchmarkLoop(b *testing.B) {
	b.Run("answered at once", func(b *testing.B) { benchmarkLoop(b, &loopHandler{}, nil) })
	b.Run("answered at once, observed", func(b *testing.B) { benchmarkLoop(b, &loopHandler{}, func(Exchange) {}) })
	b.Run("answered after a commit", func(b *testing.B) {
		h := &loopHandler{commits: make(chan chan struct{}, defaultInFlight)}
		var committer sync.WaitGroup
		committer.Go(h.commit)
		benchmarkLoop(b, h, nil)
		close(h.commits)
		committer.Wait()
	})
	b.Run("left to another", func(b *testing.B) { benchmarkLoop(b, &loopHandler{leave: true}, nil) })
	b.Run("left to another, observed", func(b *testing.B) { benchmarkLoop(b, &loopHandler{leave: true}, func(Exchange) {}) })
}

func benchmarkLoop(b *testing.B, h *loopHandler, observe func(Exchange)) {
	c := &loopConn{window: 256, unanswered: h.leave, done: make(chan struct{})}
	c.changed.L = &c.mu
	s := &Server{}
	ctx, cancel := context.WithCancel(b.Context())
	served := make(chan error, 1)
	go func() {
		served <- s.Serve(ctx, Options{
			Family: IPv4, Protocol: h, Network: c, Interfaces: []string{"eth0"}, Port: 67, MaxMessage: 1500,
			Logger: slog.New(slog.DiscardHandler), QueryLog: slog.New(slog.DiscardHandler), Observe: observe,
		})
	}()
	<-s.Ready()
	b.ReportAllocs()
	b.ResetTimer()
	c.send(b.N)
	<-c.done
	b.StopTimer()
	cancel()
	if err := <-served; err != nil {
		b.Fatal(err)
	}
	if got := s.Counters(); got.Answered+got.Silent != uint64(b.N) {
		b.Fatalf("%d queries were answered, %d were not", got.Answered, got.Silent)
	}
}

// loopHandler is a protocol with its handler: a query is a number.
type loopHandler struct {
	leave   bool               // queries are another server's
	commits chan chan struct{} // who waits for a commit; nil: none does
}

func (*loopHandler) Accept(*Datagram, *Endpoint, bool) (kind, refused int) { return 1, 0 }
func (*loopHandler) ShedFirst(int) bool                                    { return false }
func (*loopHandler) Unwanted() []bpf.Instruction                           { return nil }
func (*loopHandler) Reason(int) string                                     { return "" }

func (h *loopHandler) Decode(a Arrival) (Query, int) {
	return &loopQuery{handler: h, socket: a.Socket}, 0
}

// commit ends all that wait at a time.
func (h *loopHandler) commit() {
	for first := range h.commits {
		first <- struct{}{}
		for range len(h.commits) {
			<-h.commits <- struct{}{}
		}
	}
}

type loopQuery struct {
	handler *loopHandler
	socket  *Socket
}

func (*loopQuery) Client() string { return "" }
func (q *loopQuery) Begin() bool  { return !q.handler.leave }
func (*loopQuery) Done()          {}

func (q *loopQuery) Ask(context.Context) (bool, error) {
	if q.handler.commits != nil {
		done := make(chan struct{}, 1)
		q.handler.commits <- done
		<-done
	}
	return true, nil
}

func (q *loopQuery) Encode(d *Datagram) (*Socket, error) {
	d.Payload = append(d.Room(), 1)
	return q.socket, nil
}

// loopConn is a network with one socket, and what is behind it: clients that
// have a window of queries in flight, until there is nothing more to do.
type loopConn struct {
	window     int
	unanswered bool // nothing is to be waited for

	mu       sync.Mutex
	changed  sync.Cond
	todo     int // queries
	inFlight int
	stopped  bool
	done     chan struct{} // closed when all that was to do is done
}

func (c *loopConn) send(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.todo = n
	c.changed.Signal()
}

func (c *loopConn) Read(batch []*Datagram) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.unanswered {
		c.ended(c.inFlight)
	}
	for !c.stopped && (c.todo == 0 || c.inFlight == c.window) {
		c.changed.Wait()
	}
	if c.stopped {
		return 0, os.ErrDeadlineExceeded
	}
	n := min(len(batch), c.todo, c.window-c.inFlight)
	c.todo -= n
	c.inFlight += n
	for _, d := range batch[:n] {
		d.Payload, d.Ifindex = append(d.Room(), 1), 1
	}
	return n, nil
}

func (c *loopConn) Write(batch []*Datagram) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := min(len(batch), BatchSize)
	c.ended(n)
	return n, nil
}

// ended notes that so many queries are no longer in flight.
func (c *loopConn) ended(n int) {
	c.inFlight -= n
	if n > 0 && c.inFlight == 0 && c.todo == 0 {
		close(c.done)
	}
	c.changed.Signal()
}

func (c *loopConn) StopReading() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
	c.changed.Signal()
}

func (*loopConn) Overflowed() uint64 { return 0 }
func (*loopConn) Close() error       { return nil }

func (*loopConn) Links() ([]Link, error) {
	return []Link{{Index: 1, Name: "eth0", Up: true, MTU: 1500, Addrs: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/24")}}}, nil
}
func (*loopConn) Raw() error                                      { return nil }
func (*loopConn) Sockets() SocketKind                             { return PerHost }
func (c *loopConn) ListenUDP(netip.AddrPort, *Link) (Conn, error) { return c, nil }
func (c *loopConn) ListenLink(*Link, uint16) (Conn, error)        { return c, nil }
