package memnet

import (
	"context"
	"errors"
	"maps"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Host is what has an address, from one start of it to its end. The next one
// with the address is another Host.
type Host struct {
	n       *Net
	address string
	gone    chan struct{} // closed when it has ended
	once    sync.Once
	off     bool // it ended without a word; n.mu is held
}

// Host returns a new host with the address.
func (n *Net) Host(address string) *Host {
	h := &Host{n: n, address: address, gone: make(chan struct{})}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.newest[address] = h
	return h
}

// errGone is what a host gets that has ended.
var errGone = errors.New("the host has ended")

// Listen is net.Listen. The address has to be one with the port in numbers.
func (n *Net) Listen(network, address string) (net.Listener, error) { return n.listen(nil, address) }

// Listen is [Net.Listen] of the host.
func (h *Host) Listen(network, address string) (net.Listener, error) { return h.n.listen(h, address) }

// Dial dials from an address that is nobody's.
func (n *Net) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return (&Host{n: n, address: "198.51.100.1"}).Dial(ctx, network, address)
}

// Dial makes a connection, as (*net.Dialer).DialContext does.
func (h *Host) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := h.dial(ctx, address)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Addr: addr(address), Err: err}
	}
	return c, nil
}

// Kill ends the host's process: the connections it has are closed, as a system
// does for a process that is no more. What was sent still arrives.
func (h *Host) Kill() { h.end(false) }

// PowerOff ends the host without a word. What it had sent still arrives. Who
// sends it something hears nothing, until there is a new host with the address,
// which knows nothing of the connection.
func (h *Host) PowerOff() { h.end(true) }

func (h *Host) end(silent bool) {
	h.once.Do(func() {
		h.n.mu.Lock()
		h.off = silent
		var ports []*port
		for _, p := range h.n.ports {
			if p.host == h {
				ports = append(ports, p)
			}
		}
		halves := slices.Collect(maps.Keys(h.n.halves))
		h.n.mu.Unlock()
		close(h.gone)
		for _, p := range ports {
			p.Close()
		}
		for _, half := range halves {
			if half.host == h {
				half.end(silent)
			}
		}
	})
}

// ended says whether the host has ended.
func (h *Host) ended() bool {
	select {
	case <-h.gone: // nil for nobody's address, which never ends
		return true
	default:
		return false
	}
}

func (h *Host) dial(ctx context.Context, to string) (net.Conn, error) {
	n := h.n
	remote, _, err := net.SplitHostPort(to)
	if err != nil {
		return nil, err
	}
	if h.ended() {
		return nil, errGone
	}
	if err := h.reach(ctx, way{h.address, remote}); err != nil {
		return nil, err
	}
	here, there, late := newStream(n, way{h.address, remote})
	if err := h.wait(ctx, late); err != nil {
		return nil, err
	}
	n.mu.Lock()
	p := n.ports[to]
	n.mu.Unlock()
	if p == nil {
		return nil, syscall.ECONNREFUSED
	}
	here.host, there.host = h, p.host
	here.remote, there.remote = addr(to), addr(net.JoinHostPort(h.address, "40000"))
	here.local, there.local = there.remote, here.remote
	n.mu.Lock()
	n.halves[here], n.halves[there] = struct{}{}, struct{}{}
	n.mu.Unlock()
	fail := func(err error) (net.Conn, error) {
		here.end(true)
		there.end(true)
		return nil, err
	}
	select {
	case p.incoming <- there:
	case <-p.closed:
		return fail(syscall.ECONNREFUSED)
	case <-h.gone:
		return fail(errGone)
	case <-ctx.Done():
		return fail(context.Cause(ctx))
	}
	// Who ended before the connection was among the halves has not ended it.
	if p.host != nil && p.host.ended() {
		there.end(false)
	}
	if h.ended() {
		return fail(errGone)
	}
	return here, nil
}

// reach waits until a connection can be asked for and the answer can return.
func (h *Host) reach(ctx context.Context, w way) error {
	pause := dialTimeout
	for range dials {
		if h.n.reaches(w) {
			return nil
		}
		if !h.n.seeded {
			<-ctx.Done()
			return context.Cause(ctx)
		}
		if err := h.wait(ctx, pause); err != nil {
			return err
		}
		pause *= 2
	}
	return syscall.ETIMEDOUT
}

func (h *Host) wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-h.gone:
		return errGone
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// port is a listener.
type port struct {
	n        *Net
	host     *Host // nil: nobody's
	address  string
	incoming chan net.Conn
	closed   chan struct{}
	once     sync.Once
}

func (n *Net) listen(h *Host, address string) (net.Listener, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if h != nil && h.ended() {
		return nil, errGone
	}
	if n.ports[address] != nil {
		return nil, errors.New("address already in use")
	}
	p := &port{n: n, host: h, address: address, incoming: make(chan net.Conn), closed: make(chan struct{})}
	n.ports[address] = p
	return p, nil
}

func (p *port) Accept() (net.Conn, error) {
	select {
	case c := <-p.incoming:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *port) Close() error {
	p.once.Do(func() {
		p.n.mu.Lock()
		delete(p.n.ports, p.address)
		p.n.mu.Unlock()
		close(p.closed)
	})
	return nil
}

func (p *port) Addr() net.Addr { return addr(p.address) }

// addr is an address with a port.
type addr string

func (a addr) Network() string { return "tcp" }
func (a addr) String() string  { return string(a) }
