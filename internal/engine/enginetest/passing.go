package enginetest

import (
	"reflect"
	"testing/synctest"
	"time"

	"github.com/dhcpha/dhcpha/lease"
)

// pauses are how long a server may be left alone, in seconds.
var pauses = [...]int{1, 2, 9, 60, 61, 99, 100, 101, 250, 500, 999, 1000, 1001, 2000, 5000, 20000}

// sleep lets time pass, in which leases are reclaimed.
func (h *History) sleep(seconds int) {
	h.Note("%d s pass", seconds)
	pause := time.Duration(seconds) * time.Second
	time.Sleep(pause)
	synctest.Wait()
	h.serviceReturns()
	now := time.Now()
	h.Judge("time", func(c *Change) string {
		if c.Was == nil {
			return "nobody was given it"
		}
		if c.Was.State != lease.ExpiredReclaimed {
			h.reclaimed++
		}
		return h.reclaims(c, now)
	})
	for k, l := range h.Leases {
		if h.late(&l, now, pause) {
			h.Failf("%v, %v, ended at %v and is still there", k, l.State, l.Expires())
		}
	}
}

// reclaims judges what has become of a lease while nothing else happened.
func (h *History) reclaims(c *Change, now time.Time) string {
	kept := c.Was.State != lease.Declined && c.Was.State != lease.Registered
	switch {
	case !c.Was.Expired(now):
		return "it has not ended"
	case c.Is == nil && kept && c.Was.Expires().Add(h.Reclaim.HoldReclaimedTime).After(now):
		return "its client could still have come back"
	case c.Is == nil:
		return ""
	case !kept || c.Was.State == lease.ExpiredReclaimed:
		return "it was to be removed"
	}
	want := *c.Was
	want.State, want.Revision = lease.ExpiredReclaimed, c.Is.Revision
	want.Hostname, want.FQDNFwd, want.FQDNRev = "", false, false
	if !reflect.DeepEqual(want, *c.Is) {
		return "more has changed than its state and name"
	}
	return ""
}

// late says whether a lease should have been reclaimed, or removed, meanwhile.
func (h *History) late(l *lease.Lease, now time.Time, pause time.Duration) bool {
	every, after := h.Reclaim.ReclaimTimerWaitTime, time.Duration(0)
	if l.State == lease.ExpiredReclaimed {
		every, after = h.Reclaim.FlushReclaimedTimerWaitTime, h.Reclaim.HoldReclaimedTime
	}
	// A cycle has ended in each such time, and what it saw had ended a second
	// before.
	every += time.Second
	return pause >= every && l.ValidLft != lease.Infinite && !l.Expires().Add(after+every).After(now)
}
