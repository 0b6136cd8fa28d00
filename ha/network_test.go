package ha

import (
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// network is one in memory, for use in a bubble of synctest. What is cut lets
// nothing through and tells nobody.
type network struct {
	mu        sync.Mutex
	listeners map[string]*memoryPort
	conns     map[*half]struct{}
	faults    map[way]fault
	latency   func() time.Duration // of what is sent together; nil: none
	cut       atomic.Bool
}

// way is from one host to another.
type way struct{ from, to string }

// fault is what becomes of what is sent.
type fault uint8

const (
	arrives  fault = iota
	vanishes       // it is lost, and the connection with it once the way is good again
	stalls         // it arrives when the way is good again, as with TCP
)

func newNetwork() *network {
	return &network{listeners: make(map[string]*memoryPort), conns: make(map[*half]struct{}), faults: make(map[way]fault)}
}

// set says what becomes of what goes from one host to another from now on.
func (n *network) set(from, to string, f fault) {
	n.mu.Lock()
	n.faults[way{from, to}] = f
	conns := slices.Collect(maps.Keys(n.conns))
	n.mu.Unlock()
	for _, c := range conns {
		if f == arrives && c.way == (way{to, from}) {
			if c.lost() {
				c.Close()
			}
			c.resume()
		}
	}
}

// setLatency says how long everything takes from now on.
func (n *network) setLatency(latency func() time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.latency = latency
}

// fate says what becomes of what goes a way now, and how long it takes.
func (n *network) fate(w way) (f fault, late time.Duration) {
	if n.cut.Load() {
		return vanishes, 0
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.latency != nil {
		late = n.latency()
	}
	return n.faults[w], late
}

// setCut cuts the network, or joins it. What was sent meanwhile is lost, as are
// the connections it belonged to.
func (n *network) setCut(cut bool) {
	n.cut.Store(cut)
	if cut {
		return
	}
	n.mu.Lock()
	conns := slices.Collect(maps.Keys(n.conns))
	n.mu.Unlock()
	for _, c := range conns {
		if c.lost() {
			c.Close()
		}
	}
}

func (n *network) Listen(_, address string) (net.Listener, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.listeners[address] != nil {
		return nil, errors.New("address already in use")
	}
	p := &memoryPort{n: n, address: address, incoming: make(chan net.Conn), closed: make(chan struct{})}
	n.listeners[address] = p
	return p, nil
}

// Dial dials from some host.
func (n *network) Dial(ctx context.Context, _, address string) (net.Conn, error) {
	return n.dial(ctx, "198.51.100.1", address)
}

// dialFrom returns how the host with the address dials.
func (n *network) dialFrom(host string) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, _, address string) (net.Conn, error) { return n.dial(ctx, host, address) }
}

func (n *network) dial(ctx context.Context, from, to string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(to)
	if err != nil {
		return nil, err
	}
	gone, out := n.fate(way{from, host})
	back, in := n.fate(way{host, from})
	if gone != arrives || back != arrives {
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	select {
	case <-time.After(out + in):
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	n.mu.Lock()
	p := n.listeners[to]
	n.mu.Unlock()
	if p == nil {
		return nil, errors.New("connection refused")
	}
	here, there := newConn(n, from, host)
	here.remote, there.remote = address(to), address(net.JoinHostPort(from, "40000"))
	select {
	case p.incoming <- there:
		return here, nil
	case <-p.closed:
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

type memoryPort struct {
	n        *network
	address  string
	incoming chan net.Conn
	closed   chan struct{}
	once     sync.Once
}

func (p *memoryPort) Accept() (net.Conn, error) {
	select {
	case c := <-p.incoming:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *memoryPort) Close() error {
	p.once.Do(func() {
		p.n.mu.Lock()
		delete(p.n.listeners, p.address)
		p.n.mu.Unlock()
		close(p.closed)
	})
	return nil
}

func (p *memoryPort) Addr() net.Addr { return address(p.address) }

type address string

func (a address) Network() string { return "tcp" }
func (a address) String() string  { return string(a) }

// half is one end of a connection: what the other end writes waits in a
// buffer, as in a socket.
type half struct {
	n      *network
	way    way // from this end to the other
	other  *half
	remote address

	mu       sync.Mutex
	coming   []segment // in order
	stalled  []segment // what would have come
	dropped  bool      // something for this end was lost
	closed   bool
	changed  chan struct{}
	deadline time.Time
}

// segment is what was sent together.
type segment struct {
	at   time.Time // when it is there
	data []byte
	end  bool // nothing follows
}

func newConn(n *network, from, to string) (a, b *half) {
	a = &half{n: n, way: way{from, to}, changed: make(chan struct{})}
	b = &half{n: n, way: way{to, from}, changed: make(chan struct{})}
	a.other, b.other = b, a
	n.mu.Lock()
	defer n.mu.Unlock()
	n.conns[a], n.conns[b] = struct{}{}, struct{}{}
	return a, b
}

func (h *half) lost() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.dropped
}

func (h *half) change() {
	close(h.changed)
	h.changed = make(chan struct{})
}

// resume lets arrive what has stalled.
func (h *half) resume() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.stalled {
		s.at = time.Now()
		h.coming = append(h.coming, s)
	}
	h.stalled = nil
	h.change()
}

// take is sent something by the other end.
func (h *half) take(s segment) error {
	fate, late := h.n.fate(h.other.way)
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closed:
		return errors.New("connection reset by peer")
	case fate == vanishes || h.dropped:
		h.dropped = true // nothing after a gap arrives either
	case fate == stalls || len(h.stalled) > 0:
		h.stalled = append(h.stalled, s)
	default:
		s.at = time.Now().Add(late)
		if last := len(h.coming) - 1; last >= 0 && s.at.Before(h.coming[last].at) {
			s.at = h.coming[last].at
		}
		h.coming = append(h.coming, s)
		h.change()
	}
	return nil
}

func (h *half) Read(b []byte) (int, error) {
	for {
		h.mu.Lock()
		changed, wake := h.changed, h.deadline
		if h.closed {
			h.mu.Unlock()
			return 0, net.ErrClosed
		}
		if len(h.coming) > 0 {
			s := &h.coming[0]
			if !time.Now().Before(s.at) {
				n, end := copy(b, s.data), s.end
				if s.data = s.data[n:]; len(s.data) == 0 && !end {
					h.coming = h.coming[1:]
				}
				h.mu.Unlock()
				if end {
					return 0, io.EOF
				}
				return n, nil
			}
			if wake.IsZero() || s.at.Before(wake) {
				wake = s.at
			}
		}
		deadline := h.deadline
		h.mu.Unlock()
		if !deadline.IsZero() && !time.Now().Before(deadline) {
			return 0, os.ErrDeadlineExceeded
		}
		var due <-chan time.Time
		if !wake.IsZero() {
			timer := time.NewTimer(time.Until(wake))
			defer timer.Stop()
			due = timer.C
		}
		select {
		case <-changed:
		case <-due:
		}
	}
}

func (h *half) Write(b []byte) (int, error) {
	h.mu.Lock()
	closed := h.closed
	h.mu.Unlock()
	if closed {
		return 0, net.ErrClosed
	}
	if err := h.other.take(segment{data: slices.Clone(b)}); err != nil {
		return 0, err
	}
	return len(b), nil
}

func (h *half) Close() error {
	h.mu.Lock()
	was := h.closed
	h.closed = true
	if !was {
		h.change()
	}
	h.mu.Unlock()
	if !was {
		h.other.take(segment{end: true})
	}
	return nil
}

func (h *half) SetDeadline(t time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.deadline = t
	h.change()
	return nil
}

func (h *half) SetReadDeadline(t time.Time) error  { return h.SetDeadline(t) }
func (h *half) SetWriteDeadline(t time.Time) error { return nil }
func (h *half) LocalAddr() net.Addr                { return address("local") }
func (h *half) RemoteAddr() net.Addr               { return h.remote }
