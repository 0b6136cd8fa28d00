package hatest

import (
	"fmt"
	"strings"
	"time"
)

// Report is what the oracle has found in a world until now.
type Report struct {
	Acks    int // acknowledgements of leases that have left a server
	Checked int // how often a lease that was acknowledged was looked for on a disk
	Lost    int // how often it was not there
	Twice   int // addresses acknowledged to a client while another one might still use them
	// Split is the same by servers that could not know of each other's leases:
	// each was out of the other's reach, and served. Unless auto-failover is
	// false that can be (see package ha, Caveats), so it is counted apart.
	Split int

	Clients int // that there were
	// Longest is the longest time that a client that asked for an address had
	// none, Unanswered the longest that one asked, for an address or to keep it,
	// until it was answered. Both count from its first try.
	Longest, Unanswered time.Duration

	Violations []string // of what must always hold, in the order in which they were found
}

// String returns the report in words.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d acks to %d clients, %d leases checked, %d lost, %d twice, %d by servers that could not know of each other; "+
		"longest without an address %v, without an answer %v\n",
		r.Acks, r.Clients, r.Checked, r.Lost, r.Twice, r.Split, r.Longest, r.Unanswered)
	for _, v := range r.Violations {
		fmt.Fprintln(&b, v)
	}
	return b.String()
}

// Report returns what has been found until now.
func (w *World) Report() Report {
	r := w.oracle.report()
	r.Clients = len(w.clients)
	for _, c := range w.clients {
		c.mu.Lock()
		without, asking := c.waiting()
		c.mu.Unlock()
		r.Longest, r.Unanswered = max(r.Longest, without), max(r.Unanswered, asking)
	}
	return r
}
