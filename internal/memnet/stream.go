package memnet

import (
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"
)

// half is one end of a connection: what the other end writes waits in a
// buffer, as in a socket.
type half struct {
	n             *Net
	way           way    // from this end to the other
	stream        uint64 // the connection's number on the way that it was asked for
	host          *Host  // nil: nobody's
	other         *half
	local, remote addr

	mu       sync.Mutex
	number   uint64    // how much was sent to this end
	coming   []segment // in order
	stalled  []segment // what would have come
	since    time.Time // when the first of them was sent
	dropped  bool      // something for this end was lost
	closed   bool
	silent   bool // its host ended without a word
	changed  chan struct{}
	deadline time.Time
}

// segment is what was sent together.
type segment struct {
	at    time.Time // when it is there; it is read after those before it all the same
	data  []byte
	end   bool // nothing follows
	reset bool // the other end knows nothing of the connection
}

// newStream returns the ends of a connection that is asked for from one address
// at another, and how long it takes until both have it.
func newStream(n *Net, w way) (here, there *half, late time.Duration) {
	here = &half{n: n, way: w, changed: make(chan struct{})}
	there = &half{n: n, way: way{w.to, w.from}, changed: make(chan struct{})}
	here.other, there.other = there, here
	n.mu.Lock()
	p := n.path(w)
	p.streams++
	// What goes back belongs to another way, where this number may be that of
	// a connection asked for at this end.
	here.stream, there.stream = 2*p.streams, 2*p.streams+1
	n.mu.Unlock()
	_, out := n.segmentFate(here.way, here.stream, 0)
	_, back := n.segmentFate(there.way, there.stream, 0)
	return here, there, out + back
}

func (h *half) lost() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.dropped
}

// change wakes who reads. mu is held.
func (h *half) change() {
	close(h.changed)
	h.changed = make(chan struct{})
}

// rejoin lets arrive what has stalled, now that its way is good again.
func (h *half) rejoin() {
	now := time.Now()
	h.mu.Lock()
	if len(h.stalled) > 0 {
		at, ok := h.n.resent(h.since, now)
		for _, s := range h.stalled {
			s.at = at
			h.coming = append(h.coming, s)
		}
		h.stalled = nil
		h.dropped = h.dropped || !ok
	}
	lost := h.dropped
	h.change()
	h.mu.Unlock()
	if lost {
		h.Close()
	}
}

// take is sent something by the other end.
func (h *half) take(s segment) error {
	h.mu.Lock()
	h.number++
	number := h.number
	h.mu.Unlock()
	fate, late := h.n.segmentFate(h.other.way, h.other.stream, number)
	h.mu.Lock()
	switch {
	case h.silent:
		h.mu.Unlock()
		if fate == Arrives && !s.reset {
			h.unknown(late)
		}
		return nil
	case h.closed:
		h.mu.Unlock()
		return syscall.ECONNRESET
	case fate == Vanishes || h.dropped:
		h.dropped = true // nothing after a gap arrives either
	case fate == Stalls || len(h.stalled) > 0:
		if len(h.stalled) == 0 {
			h.since = time.Now()
		}
		h.stalled = append(h.stalled, s)
	default:
		s.at = time.Now().Add(late)
		h.coming = append(h.coming, s)
		h.change()
	}
	h.mu.Unlock()
	return nil
}

// unknown tells the other end, if there is a host again that can, that nobody
// knows of the connection.
func (h *half) unknown(late time.Duration) {
	h.n.mu.Lock()
	off := h.n.off(h.way.from)
	h.n.mu.Unlock()
	if off {
		return
	}
	time.AfterFunc(late, func() { h.other.take(segment{reset: true}) })
}

func (h *half) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	for {
		h.mu.Lock()
		n, changed, wake, err := h.arrived(b)
		h.mu.Unlock()
		if n > 0 || err != nil {
			return n, err
		}
		if wake.IsZero() {
			<-changed
			continue
		}
		timer := time.NewTimer(time.Until(wake))
		select {
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// arrived reads what is there. If that is nothing it says what to wait for: a
// change, or a time. mu is held.
func (h *half) arrived(b []byte) (n int, changed <-chan struct{}, wake time.Time, err error) {
	now := time.Now()
	wake = h.deadline
	if h.closed {
		return 0, nil, wake, net.ErrClosed
	}
	if len(h.coming) > 0 {
		s := &h.coming[0]
		switch {
		case now.Before(s.at):
			if wake.IsZero() || s.at.Before(wake) {
				wake = s.at
			}
		case s.reset:
			return 0, nil, wake, syscall.ECONNRESET
		case s.end:
			return 0, nil, wake, io.EOF
		default:
			n = copy(b, s.data)
			if s.data = s.data[n:]; len(s.data) == 0 {
				h.coming = h.coming[1:]
			}
			return n, nil, wake, nil
		}
	}
	if !h.deadline.IsZero() && !now.Before(h.deadline) {
		return 0, nil, wake, os.ErrDeadlineExceeded
	}
	return 0, h.changed, wake, nil
}

func (h *half) Write(b []byte) (int, error) {
	h.mu.Lock()
	closed := h.closed
	h.mu.Unlock()
	if closed {
		return 0, net.ErrClosed
	}
	if len(b) == 0 {
		return 0, nil
	}
	if err := h.other.take(segment{data: slices.Clone(b)}); err != nil {
		return 0, err
	}
	return len(b), nil
}

func (h *half) Close() error {
	h.end(false)
	return nil
}

// end closes this end, and tells the other unless it is silent.
func (h *half) end(silent bool) {
	h.mu.Lock()
	was := h.closed
	h.closed = true
	if !was {
		h.silent = silent
		h.change()
	}
	h.mu.Unlock()
	if was {
		return
	}
	h.n.mu.Lock()
	delete(h.n.halves, h)
	h.n.mu.Unlock()
	if silent {
		h.other.forget()
	} else {
		h.other.take(segment{end: true})
	}
}

// forget loses what has stalled: who would send it again is no more.
func (h *half) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stalled = nil
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
func (h *half) LocalAddr() net.Addr                { return h.local }
func (h *half) RemoteAddr() net.Addr               { return h.remote }
