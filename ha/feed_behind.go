package ha

import "github.com/dhcpha/dhcpha/lease"

// fallBehind forgets what waits and can be read from the store again.
func (f *feed) fallBehind() {
	lowest := f.read + 1
	gone := f.picked[:0]
	for e := range f.order.all {
		// A stale one may be about a change of long ago.
		if !e.stale {
			lowest = min(lowest, e.revision())
			gone = append(gone, e)
		}
	}
	for _, e := range gone {
		f.remove(e)
		f.tidy(e)
	}
	f.picked = gone
	f.read = lowest - 1
}

// readSome is how many changes are read from the store at once: announcements
// wait so long.
const readSome = 256

// catchUp reads some of what the feed has forgotten, or has not seen, from the
// store. Once it has read everything the feed is fed by announcements alone.
func (f *feed) catchUp() {
	n := 0
	for rev, c := range f.store.Since(f.read) {
		f.addRead(&c, false)
		f.read = rev
		if n++; n == readSome {
			return
		}
	}
	// The store has shown all it has made, which is all but perhaps the last
	// announced.
	for i := range f.last {
		if c := &f.last[i]; c.Lease.Revision > f.read {
			f.addRead(c, true)
		}
	}
	f.announced = max(f.read, f.announced)
	f.read = f.announced
}

// addRead takes in a change that has been read.
func (f *feed) addRead(c *lease.Change, fresh bool) {
	e := f.entry(c.Lease.Key())
	f.add(e, c, f.wants(c), fresh)
	f.tidy(e)
}
