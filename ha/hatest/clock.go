package hatest

import (
	"sync"
	"time"
)

// clock is the wall clock of a node. What is measured by it is wrong by as much
// as it has been set meanwhile.
type clock struct {
	mu     sync.Mutex
	offset time.Duration // from the true time, at since
	since  time.Time
	ppm    float64
}

// now returns what the clock shows.
func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	return now.Add(c.ahead(now)).Round(0)
}

// ahead is how far ahead of the true time the clock is. mu is held.
func (c *clock) ahead(now time.Time) time.Duration {
	if c.ppm == 0 {
		return c.offset
	}
	return c.offset + time.Duration(float64(now.Sub(c.since))*c.ppm/1e6)
}

// Now is the wall clock of the node, which everything is to go by that the
// program writes into leases.
func (n *Node) Now() time.Time { return n.clock.now() }

// SetClock sets the wall clock to what it is off the true time from now on.
func (n *Node) SetClock(offset time.Duration) {
	n.w.trace.add(n.Name, "has its clock set: off by %v", offset)
	c := &n.clock
	c.mu.Lock()
	now := time.Now()
	by := offset - c.ahead(now)
	c.offset, c.since = offset, now
	c.mu.Unlock()
	n.w.oracle.clockIsSet(by)
}

// Drift says by how many parts in a million the wall clock is too fast from now
// on, from what it shows.
func (n *Node) Drift(ppm float64) {
	c := &n.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	if ppm == c.ppm {
		return
	}
	n.w.trace.add(n.Name, "has a clock that is too fast by %gppm", ppm)
	now := time.Now()
	c.offset, c.since, c.ppm = c.ahead(now), now, ppm
}
