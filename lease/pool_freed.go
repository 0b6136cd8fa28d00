package lease

import "iter"

// maxFreed bounds what an FLQ pool remembers. What was freed before the last
// million of others counts as never used again.
const maxFreed = 1 << 20

// freedQueue is the order in which the free units of an FLQ pool were freed: a
// linked list whose nodes are found by unit.
type freedQueue struct {
	nodes          map[uint64]freedNode
	oldest, newest uint64 // if there are nodes
}

// freedNode has the neighbours of a unit. The oldest's older and the newest's
// newer mean nothing.
type freedNode struct{ older, newer uint64 }

func newFreedQueue() *freedQueue { return &freedQueue{nodes: map[uint64]freedNode{}} }

func (q *freedQueue) has(i uint64) bool {
	_, ok := q.nodes[i]
	return ok
}

// push adds i as the newest unless it is there, and returns the oldest if that
// had to go for it.
func (q *freedQueue) push(i uint64) (dropped uint64, full bool) {
	if q.has(i) {
		return 0, false
	}
	if len(q.nodes) == maxFreed {
		dropped, full = q.oldest, true
		q.remove(dropped)
	}
	if len(q.nodes) == 0 {
		q.oldest = i
	} else {
		n := q.nodes[q.newest]
		n.newer = i
		q.nodes[q.newest] = n
	}
	q.nodes[i] = freedNode{older: q.newest}
	q.newest = i
	return dropped, full
}

func (q *freedQueue) remove(i uint64) {
	n, ok := q.nodes[i]
	if !ok {
		return
	}
	delete(q.nodes, i)
	if i == q.oldest {
		q.oldest = n.newer
	} else {
		older := q.nodes[n.older]
		older.newer = n.newer
		q.nodes[n.older] = older
	}
	if i == q.newest {
		q.newest = n.older
	} else {
		newer := q.nodes[n.newer]
		newer.older = n.older
		q.nodes[n.newer] = newer
	}
}

// oldestFirst goes through the queue, which may not change meanwhile.
func (q *freedQueue) oldestFirst() iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		for i, n := q.oldest, len(q.nodes); n > 0; n-- {
			if !yield(i) {
				return
			}
			i = q.nodes[i].newer
		}
	}
}
