package ha

import (
	"sync"
	"time"
)

// clockOffset is how far the clock of another server is ahead of this one's.
// Each answer that tells a time narrows it down: the other clock showed that
// time at some moment between question and answer. What all answers so far
// allow is an interval; an answer that does not agree with it means that a
// clock has been set, and begins anew.
//
// Its methods may be called by many goroutines at the same time.
type clockOffset struct {
	mu        sync.Mutex
	known     bool
	low, high time.Duration
}

// tolerated is an offset that leases, whose times are in whole seconds, need
// not be corrected for.
const tolerated = 2 * time.Second

// answered takes in the answer to a question: when it was sent, when the answer
// came, and the time it told, which was cut off to a multiple of unit.
func (c *clockOffset) answered(sent, came, told time.Time, unit time.Duration) {
	low, high := told.Sub(came), told.Add(unit).Sub(sent)
	if high < low {
		return // this server's clock was set back meanwhile
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.known || low > c.high || high < c.low {
		c.known, c.low, c.high = true, low, high
		return
	}
	c.low, c.high = max(c.low, low), min(c.high, high)
}

// measured returns the middle of what is possible; 0: there was no answer yet.
func (c *clockOffset) measured() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.low + (c.high-c.low)/2
}

// seconds returns by how much the times of leases have to be corrected.
func (c *clockOffset) seconds() int64 {
	offset := c.measured()
	if offset.Abs() < tolerated {
		return 0
	}
	return int64(offset.Round(time.Second) / time.Second)
}
