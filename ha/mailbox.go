package ha

import "sync"

// mailbox holds what waits for the one goroutine that owns a machine. Putting
// something in never blocks, so that the owner may call what tells it things.
// How much can wait is bounded by those who put in: each command, request and
// commit in work has one entry at most, and the queries that were left are
// counted.
type mailbox struct {
	mu     sync.Mutex
	queue  []func()
	closed bool
	ready  chan struct{} // holds an element while the queue is not empty
}

func newMailbox() *mailbox { return &mailbox{ready: make(chan struct{}, 1)} }

// put says false if nobody will take it out any more.
func (m *mailbox) put(f func()) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false
	}
	m.queue = append(m.queue, f)
	select {
	case m.ready <- struct{}{}:
	default:
	}
	return true
}

// take returns all that has been put in, in this order.
func (m *mailbox) take() []func() {
	m.mu.Lock()
	defer m.mu.Unlock()
	queue := m.queue
	m.queue = nil
	return queue
}

// close makes put say false. It returns what nobody has taken.
func (m *mailbox) close() []func() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	queue := m.queue
	m.queue = nil
	return queue
}
