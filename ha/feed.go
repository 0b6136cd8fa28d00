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

	wake   chan struct{} // holds one token if there may be something to take
	nudged chan struct{} // holds one token if take is to return though there is nothing

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
		nudged: make(chan struct{}, 1),
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

// acked returns the revision up to which the peer needs nothing any more.
func (f *feed) acked() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ackedUpTo()
}

func (f *feed) ackedUpTo() uint64 {
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

// nudge lets take return once without anything, should it wait.
func (f *feed) nudge() {
	select {
	case f.nudged <- struct{}{}:
	default:
	}
}

func (f *feed) signal() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}
