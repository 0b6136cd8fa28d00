package ha

import (
	"cmp"
	"log/slog"
	"sync"
	"time"

	"github.com/dhcpha/dhcpha/lease"
)

// receiver takes over the changes of other servers of this kind. A message is
// read and judged as soon as it has come (take). When it is its turn, what is to
// be done about it becomes one transaction of the store, with the sender's new
// mark (finish), and the answer tells of both. Its methods may be called by many
// goroutines at the same time.
type receiver struct {
	store *lease.Store
	opts  receiverOptions

	mu      sync.Mutex
	streams map[string]*stream // by the name of the sender

	adopting chan struct{} // holds an element while adopt is at work
	adopted  bool          // changed only then

	conflicts conflictCounters // of what was taken over or refused

	unused sync.Pool // of *arrival
}

// receiverOptions are the settings of a receiver.
type receiverOptions struct {
	role    Role   // this server's
	primary string // the name of the primary
	// sources names the servers that sources are revisions of, as a text, and
	// sourcesMark is under which name the store remembers that; empty: it is not
	// looked at. See adopt.
	sources, sourcesMark string
	// backup says whether a server is a backup: what it has is a copy, which may
	// be behind, of what others have told it. Nil: none is.
	backup func(server string) bool
	// keep says which leases are the relationship's; nil: all.
	keep func(*lease.Lease) bool
	// awaited says whether somebody waits for an answer about a change of the
	// lease that was made here; nil: nobody ever does.
	awaited func(lease.Key) bool
	// lost is told that a change of the lease that somebody may wait for is
	// about to give way to that of another server; nil: nobody is.
	lost func(lease.Key)
	// alone returns the revision since which clients were told of changes that
	// the partner may not have; 0: there are none such.
	alone func() uint64
	// moved is told that the mark of a sender has moved, and which changes have
	// become durable with that; nil: nobody is.
	moved func(sender string, changes []lease.Change)
	now   func() time.Time // nil: time.Now
	log   *slog.Logger     // nil: nothing is logged
}

func newReceiver(store *lease.Store, opts receiverOptions) *receiver {
	if opts.backup == nil {
		opts.backup = func(string) bool { return false }
	}
	if opts.awaited == nil {
		opts.awaited = func(lease.Key) bool { return false }
	}
	if opts.lost == nil {
		opts.lost = func(lease.Key) {}
	}
	if opts.alone == nil {
		opts.alone = func() uint64 { return 0 }
	}
	if opts.moved == nil {
		opts.moved = func(string, []lease.Change) {}
	}
	if opts.now == nil {
		opts.now = time.Now
	}
	opts.log = cmp.Or(opts.log, slog.New(slog.DiscardHandler))
	return &receiver{
		store: store, opts: opts, streams: make(map[string]*stream), adopting: make(chan struct{}, 1),
		unused: sync.Pool{New: func() any { return new(arrival) }},
	}
}

// keeps says whether the lease is the relationship's.
func (r *receiver) keeps(l *lease.Lease) bool { return r.opts.keep == nil || r.opts.keep(l) }
