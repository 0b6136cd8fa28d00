package engine

import (
	"container/heap"
	"slices"
	"time"

	"github.com/dhcpha/dhcpha/lease"
)

// maxClaims bounds the claims that are counted, so that no flood of queries
// takes memory without limit: it is as many offers as a pool holds. The one that
// ends first is counted no more.
const maxClaims = 1 << 16

// claim is something that is held for a client.
type claim struct {
	key    lease.Key
	holder string
	share  // that it is counted with
	until  time.Time
	place  int // in the queue
}

// claims are found by what they are to and by their holder, and by which ends
// first.
type claims struct {
	byKey    map[lease.Key]*claim
	byHolder map[string][]*claim
	queue    claimQueue
}

func newClaims() claims {
	return claims{byKey: map[lease.Key]*claim{}, byHolder: map[string][]*claim{}}
}

func (cs *claims) add(c *claim) {
	cs.byKey[c.key] = c
	cs.byHolder[c.holder] = append(cs.byHolder[c.holder], c)
	heap.Push(&cs.queue, c)
}

func (cs *claims) remove(c *claim) {
	delete(cs.byKey, c.key)
	rest := slices.DeleteFunc(cs.byHolder[c.holder], func(other *claim) bool { return other == c })
	if cs.byHolder[c.holder] = rest; len(rest) == 0 {
		delete(cs.byHolder, c.holder)
	}
	heap.Remove(&cs.queue, c.place)
}

func (cs *claims) prolong(c *claim, until time.Time) {
	c.until = until
	heap.Fix(&cs.queue, c.place)
}

// oldest returns the claim that ends first; nil: there is none.
func (cs *claims) oldest() *claim {
	if len(cs.queue) == 0 {
		return nil
	}
	return cs.queue[0]
}

// claimQueue has the claim that ends first in front.
type claimQueue []*claim

// Len, Less, Swap, Push and Pop are for container/heap.
func (q claimQueue) Len() int           { return len(q) }
func (q claimQueue) Less(i, j int) bool { return q[i].until.Before(q[j].until) }

func (q claimQueue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i, j
}

func (q *claimQueue) Push(x any) {
	c := x.(*claim)
	c.place = len(*q)
	*q = append(*q, c)
}

func (q *claimQueue) Pop() any {
	old := *q
	n := len(old) - 1
	c := old[n]
	old[n] = nil
	*q = old[:n]
	return c
}
