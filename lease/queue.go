package lease

import (
	"slices"
	"sync"
)

// queue holds the requests that wait for the writer.
type queue struct {
	mu      sync.Mutex
	waiting []*request
	closed  bool
	wake    chan struct{} // holds one token if there is news
}

func newQueue() *queue { return &queue{wake: make(chan struct{}, 1)} }

// put adds a request; false: the queue is closed.
func (q *queue) put(r *request) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false
	}
	q.waiting = append(q.waiting, r)
	q.signal()
	return true
}

// remove takes back a request that nobody waits for any more, if it still is
// there: so there are never more than those who wait, however long a disk takes.
func (q *queue) remove(r *request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if at := slices.Index(q.waiting, r); at >= 0 {
		q.waiting = slices.Delete(q.waiting, at, at+1)
	}
}

// close refuses further requests; those that wait are still taken.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.signal()
}

func (q *queue) isClosed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take waits for requests and returns those that wait, in order, up to a
// number of changes but at least one request; false: the queue is closed and
// empty.
func (q *queue) take(changes int) ([]*request, bool) {
	for {
		if batch, ok := q.first(changes); ok {
			return batch, batch != nil
		}
		<-q.wake
	}
}

// first returns what take does, false if there is nothing to return yet.
func (q *queue) first(changes int) ([]*request, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		return nil, q.closed
	}
	n := 0
	for n < len(q.waiting) && (n == 0 || len(q.waiting[n].changes) <= changes) {
		changes -= len(q.waiting[n].changes)
		n++
	}
	batch := q.waiting[:n:n]
	if q.waiting = q.waiting[n:]; len(q.waiting) == 0 {
		q.waiting = nil
	}
	return batch, true
}
