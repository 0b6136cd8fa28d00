package dhcp4

import (
	"errors"
	"net/netip"
	"os"
	"slices"
	"sync"
	"syscall"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// fakeNetwork is a host's network in memory. Its sockets wait on conditions,
// so that it works in a synctest bubble.
type fakeNetwork struct {
	noRaw bool

	mu    sync.Mutex
	hosts []link
	held  map[netip.AddrPort]bool // by another process, or by the server
	conns map[string]*fakeConn    // by address, or name of the link
	err   error                   // of every listen
}

func newFakeNetwork(links ...link) *fakeNetwork {
	return &fakeNetwork{hosts: links, held: map[netip.AddrPort]bool{}, conns: map[string]*fakeConn{}}
}

func ethernet(index int, name string, addrs ...string) link {
	l := link{index: index, name: name, up: true, mtu: 1500, hwLen: 6}
	for _, a := range addrs {
		l.addrs = append(l.addrs, netip.MustParsePrefix(a))
	}
	return l
}

// set changes the links.
func (n *fakeNetwork) set(links ...link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hosts = links
}

func (n *fakeNetwork) hold(addr string, held bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.held[netip.MustParseAddrPort(addr)] = held
}

func (n *fakeNetwork) links() ([]link, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.hosts), nil
}

func (n *fakeNetwork) raw() error {
	if n.noRaw {
		return errors.ErrUnsupported
	}
	return nil
}

func (n *fakeNetwork) anyAddress() bool { return true }

func (n *fakeNetwork) listenUDP(addr netip.AddrPort, _ *link) (conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.held[addr] {
		return nil, os.NewSyscallError("bind", syscall.EADDRINUSE)
	}
	return n.listen(addr.String(), func() { n.hold(addr.String(), false) })
}

func (n *fakeNetwork) listenLink(l *link, _ uint16) (conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.listen(l.name, func() {})
}

func (n *fakeNetwork) listen(name string, onClose func()) (conn, error) {
	if n.err != nil {
		return nil, n.err
	}
	c := &fakeConn{onClose: onClose}
	c.changed.L = &c.mu
	n.conns[name] = c
	return c, nil
}

// conn is the socket that was last opened for an address or a link.
func (n *fakeNetwork) conn(name string) *fakeConn {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.conns[name]
}

// fakeConn is a socket: what is in its inbox can be read, what is written is
// in sent.
type fakeConn struct {
	onClose func()

	mu      sync.Mutex
	changed sync.Cond
	inbox   []fakeDatagram
	sent    []fakeDatagram
	stuck   bool  // writing waits
	fail    error // of the next read
	werr    error // of every write
	stopped bool
	closed  bool
}

type fakeDatagram struct {
	payload []byte
	remote  netip.AddrPort
	local   netip.Addr
	ifindex int
	hw      string
}

func (c *fakeConn) read(batch []*datagram) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.inbox) == 0 && !c.stopped && !c.closed && c.fail == nil {
		c.changed.Wait()
	}
	switch {
	case c.closed:
		return 0, os.ErrClosed
	case c.stopped:
		return 0, os.ErrDeadlineExceeded
	case c.fail != nil:
		return 0, c.fail
	}
	n := min(len(batch), len(c.inbox))
	for i, in := range c.inbox[:n] {
		d := batch[i]
		d.payload = d.storage[headroom : headroom+copy(d.storage[headroom:], in.payload)]
		d.remote, d.local, d.ifindex = in.remote, in.local, in.ifindex
	}
	c.inbox = c.inbox[n:]
	return n, nil
}

func (c *fakeConn) write(batch []*datagram) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.stuck && !c.closed {
		c.changed.Wait()
	}
	if c.closed {
		return 0, os.ErrClosed
	}
	if c.werr != nil {
		return 0, c.werr
	}
	for _, d := range batch {
		c.sent = append(c.sent, fakeDatagram{slices.Clone(d.payload), d.remote, d.local, d.ifindex, string(d.hw[:d.hwLen])})
	}
	return len(batch), nil
}

func (c *fakeConn) stopReading() {
	c.change(func() { c.stopped = true })
}

func (c *fakeConn) overflowed() uint64 { return 7 }

func (c *fakeConn) Close() error {
	c.change(func() { c.closed = true })
	c.onClose()
	return nil
}

func (c *fakeConn) change(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
	c.changed.Broadcast()
}

// deliver puts a message into the inbox, as if it came in on interface 1.
func (c *fakeConn) deliver(m *dhcpv4.DHCPv4, from, to string) {
	c.deliverBytes(m.ToBytes(), from, to)
}

func (c *fakeConn) deliverBytes(b []byte, from, to string) {
	c.change(func() {
		c.inbox = append(c.inbox, fakeDatagram{b, netip.MustParseAddrPort(from), netip.MustParseAddr(to), 1, ""})
	})
}

func (c *fakeConn) outbox() []fakeDatagram {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.sent)
}

func (c *fakeConn) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}
