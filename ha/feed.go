package ha

import (
	"iter"
	"sync"

	"github.com/dhcpha/dhcpha/lease"
)

// feed is what one peer has still to be told: the changes made here, of each
// lease only the last, in the order of their revisions. The store announces
// them before they are durable, so that the peer is told while the disk is
// written; a sender takes them and says what has become of them. Nothing leaves
// the feed before it is delivered or refused.
//
// Only so many changes are in memory. Beyond, the feed falls behind: it forgets
// them and reads them from the store again when the sender gets there.
//
// Its methods may be called by many goroutines at the same time.
type feed struct {
	store history
	limit int                     // how many changes may wait in memory
	keep  func(*lease.Lease) bool // whether the peer is told of the lease; nil: of all

	// Set before use, or nil. answered is told how a change has ended that
	// somebody waits for, or that has been tried for the first time while tell
	// is on; of those that the peer has taken, only if heedsTaken says so.
	// overflow is called when more than backlog changes wait while nothing may
	// be taken, once until the gate is set again.
	answered   func(c lease.Change, err error)
	heedsTaken func() bool
	overflow   func()
	backlog    int

	unannounce func() // ends the announcements

	wake chan struct{} // holds one token if there may be something to take

	mu         sync.Mutex
	shut       bool // nothing may be taken
	away       bool // the peer cannot be reached at present
	tell       bool
	echo       bool // the peer takes what it is told even if it has something newer
	leases     map[lease.Key]*feedEntry
	spare      []*feedEntry
	order      feedOrder    // of the leases of which a change waits
	waiting    int          // how many of the leases these are
	flying     []*feedEntry // of which a change is taken and not done
	refused    int          // how many are left out until retry
	redo       uint64       // the lowest revision refused that none of these has; 0: none
	refusals   uint64       // how many there have been
	delivered  uint64       // how many the peer has taken
	picked     []*feedEntry
	overflowed bool
	expected   int       // how many expectations there are
	ended      sync.Pool // of expectations
	drains     map[*drain]struct{}

	announced uint64         // the last revision that the store has told of
	last      []lease.Change // the last announced: whether the store shows them already is not known
	read      uint64         // up to here all changes have come into waiting; less than announced: behind
	copied    uint64         // up to here the peer has fetched the leases itself
}

// history is what a feed needs of a *lease.Store.
type history interface {
	Revision() uint64
	Since(rev uint64) iter.Seq2[uint64, lease.Change]
	Last(lease.Key) (lease.Change, bool)
	Announce(lease.Announcer) (stop func())
}

// newFeed returns the feed of a peer that has everything up to a revision. At
// most limit changes are kept in memory. A removal that keep is asked about has
// only the key and the CLTT. The store announces to the feed until close.
func newFeed(store history, from uint64, limit int, keep func(*lease.Lease) bool) *feed {
	f := &feed{
		store: store, limit: limit, keep: keep,
		wake:   make(chan struct{}, 1),
		leases: make(map[lease.Key]*feedEntry),
		drains: make(map[*drain]struct{}),
		read:   from, announced: from,
	}
	f.unannounce = store.Announce(f)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.announced = max(f.announced, store.Revision())
	return f
}

// close ends the announcements.
func (f *feed) close() { f.unannounce() }

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

// acked returns the revision up to which the peer needs nothing any more.
func (f *feed) acked() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	upTo := f.upTo()
	for _, e := range f.flying {
		upTo = min(upTo, e.flight.rev-1)
	}
	return upTo
}

// upTo returns the revision before the first change that waits.
func (f *feed) upTo() uint64 {
	upTo := f.read
	if rev, ok := f.order.min(); ok {
		upTo = min(upTo, rev-1)
	}
	return upTo
}

// pending returns how many changes wait or are on their way, and whether there
// are more in the store.
func (f *feed) pending() (n int, behind bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.waiting + len(f.flying), f.read < f.announced
}

// gate says whether changes may be taken, and whether answered is told of those
// nobody waits for. While nothing may be taken nobody waits either.
func (f *feed) gate(open, tell bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.shut, f.tell, f.overflowed = !open, tell, false
	if f.shut {
		f.giveUp()
	}
	f.signal()
}

// reach says whether the peer can be reached, as far as is known. While it
// cannot, nobody waits for it.
func (f *feed) reach(ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.away = !ok; f.away {
		f.giveUp()
	}
}

// setEcho says whether the peer takes what it is told even if it has something
// newer: then it is told of the newer once more.
func (f *feed) setEcho(on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.echo = on
}

// forgetOverflow lets overflow be called again.
func (f *feed) forgetOverflow() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.overflowed = false
}

// deliveries returns how many changes the peer has taken.
func (f *feed) deliveries() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.delivered
}

// refusalsSoFar returns how many changes the peer has refused.
func (f *feed) refusalsSoFar() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.refusals
}

func (f *feed) signal() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}
