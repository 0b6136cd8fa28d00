package lease

import (
	"container/heap"
	"net/netip"
	"time"
)

// maxOffers bounds the offers held in a pool, so that no flood of queries
// takes memory without limit. The oldest gives way; if nobody else has been
// offered its address meanwhile, its client can still have it.
const maxOffers = 1 << 16

// hold keeps an address for somebody.
type hold struct {
	addr   netip.Addr
	holder string
	until  time.Time // zero: until it is released

	units *units // nil: outside of all pools
	unit  uint64
	fresh bool // FLQ: the unit was never used before

	place int // in the offers; -1 if it is none
}

func (h *hold) ended(now time.Time) bool { return !h.until.IsZero() && !now.Before(h.until) }

// offerQueue has the holds that end by themselves, the one that ends first in
// front.
type offerQueue []*hold

// oldest returns the hold that gives way first.
func (q offerQueue) oldest() (*hold, bool) {
	if len(q) == 0 {
		return nil, false
	}
	return q[0], true
}

func (q *offerQueue) add(h *hold) { heap.Push(q, h) }

func (q *offerQueue) remove(h *hold) {
	if h.place >= 0 {
		heap.Remove(q, h.place)
	}
}

// Len, Less, Swap, Push and Pop are for container/heap.
func (q offerQueue) Len() int           { return len(q) }
func (q offerQueue) Less(i, j int) bool { return q[i].until.Before(q[j].until) }

func (q offerQueue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i, j
}

func (q *offerQueue) Push(x any) {
	h := x.(*hold)
	h.place = len(*q)
	*q = append(*q, h)
}

func (q *offerQueue) Pop() any {
	old := *q
	n := len(old) - 1
	h := old[n]
	old[n] = nil
	*q = old[:n]
	h.place = -1
	return h
}
