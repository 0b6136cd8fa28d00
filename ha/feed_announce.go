package ha

import "github.com/dhcpha/dhcpha/lease"

// Announced takes in a batch of changes that the store is about to make.
func (f *feed) Announced(changes []lease.Change) {
	if len(changes) == 0 {
		return
	}
	if f.announce(changes) {
		f.overflow()
	}
}

// announce says whether overflow is to be called.
func (f *feed) announce(changes []lease.Change) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	// A gap means that there were changes before the store knew of the feed.
	live := f.read == f.announced && changes[0].Lease.Revision == f.announced+1
	for i := range changes {
		c := &changes[i]
		f.announced = c.Lease.Revision
		wanted := f.wants(c)
		if e := f.entryIf(c.Lease.Key(), live && wanted); e != nil {
			f.bind(e, c, wanted)
			if c.Source != 0 {
				f.supersede(e, c)
			}
			if live {
				f.add(e, c, wanted, true)
			}
			f.tidy(e)
		}
		if live {
			f.read = f.announced
		}
	}
	f.last = changes
	if f.waiting > f.limit {
		f.fallBehind()
	}
	f.signal()
	if !f.shut || f.overflow == nil || f.overflowed {
		return false
	}
	f.overflowed = f.waiting > f.backlog || f.read < f.announced
	return f.overflowed
}

// Failed takes back changes that were announced: the store could not make them.
// The peer may have been told already, and what waited before may have been
// replaced, so each lease is told again as it is.
func (f *feed) Failed(changes []lease.Change) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range changes {
		c := &changes[i]
		rev := c.Lease.Revision
		e := f.entry(c.Lease.Key())
		f.settle(e, rev, errUnacknowledged)
		if f.wants(c) {
			f.putKey(e, rev)
		}
		f.tidy(e)
	}
	f.last = nil
	f.signal()
}

// wants says whether the peer is told of the change.
func (f *feed) wants(c *lease.Change) bool {
	return c.Source == 0 && (f.keep == nil || f.keep(&c.Lease))
}

// add takes in a change that the store has made or is about to make, wanted or
// not. One that was made elsewhere replaces what waited of the lease: the peer
// has it, or a later one.
func (f *feed) add(e *feedEntry, c *lease.Change, wanted, fresh bool) {
	if e.waits && e.revision() >= c.Lease.Revision {
		return // read again
	}
	if !wanted {
		f.remove(e)
		if e.refused < c.Lease.Revision {
			f.accept(e)
		}
		return
	}
	if c.Lease.Revision <= f.copied && superfluous(c) {
		return
	}
	f.put(e, c, false, fresh)
}

// supersede gives up what waits of a lease that is changed elsewhere.
func (f *feed) supersede(e *feedEntry, c *lease.Change) {
	f.remove(e)
	if e.flies {
		e.flight.crossed = c.Lease.Revision
	}
}
