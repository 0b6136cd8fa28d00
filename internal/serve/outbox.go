package serve

import (
	"runtime"
	"sync"
)

// OutboxSize is how many replies may wait for a socket before those who bring
// more have to wait too: they then count as in flight, which sheds queries.
const OutboxSize = 256

// outbox holds the replies that wait for a socket. Its writer takes all that
// wait at once, so that batches grow with the load, and need no timer.
type outbox struct {
	mu      sync.Mutex
	changed sync.Cond
	waiting []*Datagram
	closed  bool
}

func newOutbox() *outbox {
	o := &outbox{waiting: make([]*Datagram, 0, OutboxSize)}
	o.changed.L = &o.mu
	return o
}

// put adds a reply; false says that the outbox is closed.
func (o *outbox) put(d *Datagram) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.waiting) == OutboxSize && !o.closed {
		o.changed.Wait()
	}
	if o.closed {
		return false
	}
	o.waiting = append(o.waiting, d)
	if len(o.waiting) == 1 {
		o.changed.Broadcast()
	}
	return true
}

// take exchanges the empty slice for what waits, and waits until there is
// something. Nothing at all means that the outbox is closed and empty.
func (o *outbox) take(empty []*Datagram) []*Datagram {
	o.wait()
	// Who brought the first is rarely alone: a commit ends for many at a time.
	// All that are ready to run go first; if there are none this takes no time.
	runtime.Gosched()
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.waiting) == OutboxSize {
		o.changed.Broadcast()
	}
	taken := o.waiting
	o.waiting = empty[:0]
	return taken
}

// wait waits until there is something to take, or nothing any more.
func (o *outbox) wait() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.waiting) == 0 && !o.closed {
		o.changed.Wait()
	}
}

// close lets what waits be taken, and nothing be added.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.changed.Broadcast()
}
