package servetest

import (
	"net/netip"
	"os"
	"slices"
	"sync"

	"golang.org/x/net/bpf"

	"github.com/dhcpha/dhcpha/internal/serve"
)

// Overflowed is what each socket says of itself.
const Overflowed = 7

// Conn is a socket: what is delivered to it can be read, and what is written
// is in its outbox.
type Conn struct {
	onClose func()

	mu       sync.Mutex
	changed  sync.Cond
	inbox    []Datagram
	sent     []Datagram
	joined   []string
	stuck    bool  // writing waits
	fail     error // of the next read
	werr     error // of every write
	rerr     error // of Refuse
	refusing bool
	stopped  bool
	closed   bool
}

// Datagram is what has come in, or has been sent.
type Datagram struct {
	Payload []byte
	Remote  netip.AddrPort
	Local   netip.Addr
	Ifindex int
	HW      string
}

// Read implements serve.Conn.
func (c *Conn) Read(batch []*serve.Datagram) (int, error) {
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
		d.Payload = append(d.Room(), in.Payload...)
		d.Remote, d.Local, d.Ifindex = in.Remote, in.Local, in.Ifindex
	}
	c.inbox = c.inbox[n:]
	return n, nil
}

// Write implements serve.Conn.
func (c *Conn) Write(batch []*serve.Datagram) (int, error) {
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
		c.sent = append(c.sent, Datagram{slices.Clone(d.Payload), d.Remote, d.Local, d.Ifindex, string(d.HW[:d.HWLen])})
	}
	return len(batch), nil
}

// StopReading implements serve.Conn.
func (c *Conn) StopReading() { c.change(func() { c.stopped = true }) }

// Join is what a socket for all links is told again and again.
func (c *Conn) Join(l *serve.Link) error {
	c.change(func() {
		if !slices.Contains(c.joined, l.Name) {
			c.joined = append(c.joined, l.Name)
		}
	})
	return nil
}

// Joined are the names of the links that it was told to join.
func (c *Conn) Joined() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.joined)
}

// Refuse is what a socket is told while the server has too much to do.
func (c *Conn) Refuse(unwanted []bpf.Instruction) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rerr == nil {
		c.refusing = unwanted != nil
	}
	return c.rerr
}

// FailRefusing makes Refuse fail; nil: not any more.
func (c *Conn) FailRefusing(err error) { c.change(func() { c.rerr = err }) }

// Refusing says whether it refuses anything.
func (c *Conn) Refusing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.refusing
}

// Overflowed implements serve.Conn.
func (c *Conn) Overflowed() uint64 { return Overflowed }

// Close implements serve.Conn.
func (c *Conn) Close() error {
	c.change(func() { c.closed = true })
	c.onClose()
	return nil
}

func (c *Conn) change(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
	c.changed.Broadcast()
}

// Deliver lets a datagram be read, as if it came in on the interface.
func (c *Conn) Deliver(payload []byte, from, to string, ifindex int) {
	c.change(func() {
		c.inbox = append(c.inbox, Datagram{payload, netip.MustParseAddrPort(from), netip.MustParseAddr(to), ifindex, ""})
	})
}

// Stick makes all writing wait from now on, until Unstick.
func (c *Conn) Stick() { c.change(func() { c.stuck = true }) }

// Unstick lets what waits be written.
func (c *Conn) Unstick() { c.change(func() { c.stuck = false }) }

// FailReads makes reading fail from now on.
func (c *Conn) FailReads(err error) { c.change(func() { c.fail = err }) }

// FailWrites makes writing fail from now on.
func (c *Conn) FailWrites(err error) { c.change(func() { c.werr = err }) }

// Outbox is what has been sent.
func (c *Conn) Outbox() []Datagram {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.sent)
}

// IsClosed says whether it is closed.
func (c *Conn) IsClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}
