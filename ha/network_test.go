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
	cut       atomic.Bool
}

func newNetwork() *network {
	return &network{listeners: make(map[string]*memoryPort), conns: make(map[*half]struct{})}
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
	if n.cut.Load() {
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	n.mu.Lock()
	p := n.listeners[to]
	n.mu.Unlock()
	if p == nil {
		return nil, errors.New("connection refused")
	}
	here, there := newConn(n)
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
	other  *half
	remote address

	mu       sync.Mutex
	buf      []byte
	dropped  bool // something for this end was lost
	eof      bool
	closed   bool
	changed  chan struct{}
	deadline time.Time
}

func newConn(n *network) (a, b *half) {
	a, b = &half{n: n, changed: make(chan struct{})}, &half{n: n, changed: make(chan struct{})}
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

func (h *half) Read(b []byte) (int, error) {
	for {
		h.mu.Lock()
		changed, deadline := h.changed, h.deadline
		switch {
		case h.closed:
			h.mu.Unlock()
			return 0, net.ErrClosed
		case len(h.buf) > 0:
			n := copy(b, h.buf)
			h.buf = h.buf[n:]
			h.mu.Unlock()
			return n, nil
		case h.eof:
			h.mu.Unlock()
			return 0, io.EOF
		}
		h.mu.Unlock()
		var late <-chan time.Time
		if !deadline.IsZero() {
			left := time.Until(deadline)
			if left <= 0 {
				return 0, os.ErrDeadlineExceeded
			}
			timer := time.NewTimer(left)
			defer timer.Stop()
			late = timer.C
		}
		select {
		case <-changed:
		case <-late:
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
	cut := h.n.cut.Load()
	o := h.other
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.closed:
		return 0, errors.New("connection reset by peer")
	case cut || o.dropped:
		o.dropped = true // nothing after a gap arrives either
	default:
		o.buf = append(o.buf, b...)
		o.change()
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
	if was {
		return nil
	}
	cut := h.n.cut.Load()
	o := h.other
	o.mu.Lock()
	defer o.mu.Unlock()
	if cut {
		o.dropped = true
	} else {
		o.eof = true
		o.change()
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
