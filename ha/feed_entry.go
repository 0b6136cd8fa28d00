package ha

import "github.com/dhcpha/dhcpha/lease"

// feedEntry is what a feed knows of one lease while there is something to know:
// a change waits, or is on its way, or was refused, or somebody waits for an
// answer about one.
type feedEntry struct {
	key lease.Key

	waits  bool
	change lease.Change // that waits
	stale  bool         // only the key counts, what has become of the lease is looked up
	fresh  bool         // not tried yet since it was announced

	// Of the order of those that wait.
	before, after *feedEntry
	late          bool

	flies  bool
	flight flight // a change that has been taken

	refused uint64 // the revision that is left out until retry; 0: none
	parts   *part  // who waits for the answer about the lease
}

// flight is a change that has been taken.
type flight struct {
	rev     uint64
	index   int    // in the feed's flying
	stale   bool   // as of the entry
	tell    bool   // answered is told of its end
	crossed uint64 // not 0: the revision of what the peer has come to know otherwise meanwhile
}

func (e *feedEntry) revision() uint64 { return e.change.Lease.Revision }

// maxSpare is how many entries are kept to be used again.
const maxSpare = 1024

// entry returns what is known of a lease. Whoever has changed it tidies it.
func (f *feed) entry(k lease.Key) *feedEntry { return f.entryIf(k, true) }

// entryIf returns nil if nothing is known of the lease and nothing will be.
func (f *feed) entryIf(k lease.Key, wanted bool) *feedEntry {
	e := f.leases[k]
	if e == nil && wanted {
		if last := len(f.spare) - 1; last >= 0 {
			e, f.spare = f.spare[last], f.spare[:last]
		} else {
			e = new(feedEntry)
		}
		e.key = k
		f.leases[k] = e
	}
	return e
}

// tidy forgets a lease of which nothing is left to know.
func (f *feed) tidy(e *feedEntry) {
	if e.waits || e.flies || e.refused != 0 || e.parts != nil {
		return
	}
	delete(f.leases, e.key)
	*e = feedEntry{}
	if len(f.spare) < maxSpare {
		f.spare = append(f.spare, e)
	}
}

// put lets a change wait in the place of any that waits of the same lease.
func (f *feed) put(e *feedEntry, c *lease.Change, stale, fresh bool) {
	f.remove(e)
	f.accept(e)
	e.waits, e.change, e.stale, e.fresh = true, *c, stale, fresh
	f.order.add(e)
	f.waiting++
}

// putKey lets the peer be told of what a lease will be when its turn comes.
func (f *feed) putKey(e *feedEntry, rev uint64) {
	f.put(e, &lease.Change{Lease: lease.Lease{Type: e.key.Type, Addr: e.key.Addr, Revision: rev}}, true, false)
}

// remove lets nothing wait of a lease.
func (f *feed) remove(e *feedEntry) {
	if e.waits {
		f.order.remove(e)
		e.waits = false
		f.waiting--
	}
}

// launch takes the change that waits of a lease.
func (f *feed) launch(e *feedEntry) {
	f.remove(e)
	e.flies, e.flight = true, flight{rev: e.revision(), index: len(f.flying), stale: e.stale, tell: e.fresh && f.tell}
	f.flying = append(f.flying, e)
}

// land ends a flight.
func (f *feed) land(e *feedEntry) flight {
	last := f.flying[len(f.flying)-1]
	f.flying[e.flight.index], last.flight.index = last, e.flight.index
	f.flying = f.flying[:len(f.flying)-1]
	e.flies = false
	return e.flight
}

// refuse remembers that the peer has refused what was taken of a lease.
func (f *feed) refuse(e *feedEntry, fl *flight) {
	switch {
	case f.refused < f.limit || fl.stale: // the store may not have it after the revision
		f.accept(e)
		e.refused = fl.rev
		f.refused++
	case f.redo == 0:
		f.redo = fl.rev
	default:
		f.redo = min(f.redo, fl.rev)
	}
}

// accept forgets that the peer has refused a lease.
func (f *feed) accept(e *feedEntry) {
	if e.refused != 0 {
		e.refused = 0
		f.refused--
	}
}
