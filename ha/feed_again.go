package ha

import "github.com/dhcpha/dhcpha/lease"

// restart makes the feed one of a peer that has everything up to a revision and
// nothing after it. Nothing may be taken and not done.
func (f *feed) restart(from uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range f.leases {
		f.remove(e)
		if e.refused > from { // told again
			f.accept(e)
		}
		f.tidy(e)
	}
	f.redo, f.copied = 0, 0
	f.read, f.announced = from, max(from, f.announced)
	f.giveUp() // whoever waits for what is not sent again
	f.signal()
}

// fetched notes that the peer has fetched all leases itself, as they were at a
// revision or later.
func (f *feed) fetched(rev uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.copied = max(f.copied, rev)
	gone := f.picked[:0]
	for e := range f.order.all {
		if e.revision() > rev {
			break
		}
		if !e.stale && superfluous(&e.change) {
			gone = append(gone, e)
		}
		e.stale = true // the peer may have seen something newer that has not been read yet
	}
	for _, e := range f.flying {
		e.flight.crossed = max(e.flight.crossed, e.flight.rev) // it may come after
	}
	for _, e := range gone {
		f.remove(e)
		f.settle(e, e.revision(), errUnacknowledged)
		f.tidy(e)
	}
	f.picked = gone
	f.checkDrains()
}

// superfluous says whether a server that has fetched the lease need not be told
// of the change. It sees no removals, takes a lease only if its client has been
// heard of since, which is not so of a release, and is not shown those in
// states that it may not know.
func superfluous(c *lease.Change) bool { return !c.Delete && !onlyNewer(c.Lease.State) }

// resend lets the peer be told of a lease again.
func (f *feed) resend(k lease.Key, rev uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if e := f.entry(k); !e.waits || e.revision() < rev {
		f.putKey(e, rev)
		f.signal()
	}
}

// retry lets what the peer has refused wait again. One of this kind is told
// changes by their revisions, once each.
func (f *feed) retry() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.echo {
		return
	}
	for _, e := range f.leases {
		if f.refused == 0 {
			break
		}
		if e.refused != 0 {
			f.putKey(e, e.refused)
		}
	}
	if f.redo != 0 {
		f.fallBehind()
		f.read, f.redo = min(f.read, f.redo-1), 0
	}
	f.signal()
}
