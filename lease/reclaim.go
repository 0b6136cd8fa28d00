package lease

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"sync"
	"time"
)

// reclaimBatch is how many leases are committed together, so that the time
// between two looks at the clock is bounded.
const reclaimBatch = 256

// Reclaimer cleans up after expired leases, as Kea does: a lease that has
// expired becomes expired-reclaimed and is removed some time later; a declined
// address whose probation has passed is removed at once, as is a registered
// one. Addresses do not wait for it: they are free when their leases expire.
type Reclaimer struct {
	Store     *Store
	Committer Committer // nil: Store
	Params    ReclaimParams
	Logger    *slog.Logger // nil: nothing is logged

	// Owned says whether a lease is this server's to clean up; nil: all are.
	// One that is not is looked at again each cycle, as that may change.
	Owned func(l Lease) bool

	// Reclaimed, if set, is told of each lease that has been reclaimed, as
	// it was before: a State of Declined counts as a reclaimed declined
	// address, too.
	Reclaimed func(l Lease)
}

// Run reclaims leases until ctx ends and then returns nil.
func (r *Reclaimer) Run(ctx context.Context) error {
	run := newReclaimRun(r.Store, *r)
	return run.run(ctx)
}

type reclaimRun struct {
	Reclaimer
	source reclaimSource

	mu   sync.Mutex
	done int64 // what ended until then has been reclaimed, Unix seconds

	incomplete int // cycles in a row that left expired leases behind
}

// reclaimSource is what a Reclaimer needs to see of a Store.
type reclaimSource interface {
	watch(fn func(old, new *Lease)) (stop func())
	clock() time.Time
	expiring(after, until time.Time) iter.Seq[Lease]
}

// newReclaimRun returns one whose first cycle looks at all that has ended: there
// is nothing to be learned by going through the leases before it, which would
// hold up the first commits of a server that starts.
func newReclaimRun(s reclaimSource, r Reclaimer) *reclaimRun {
	return &reclaimRun{Reclaimer: r, source: s, done: -1}
}

func (r *reclaimRun) run(ctx context.Context) error {
	if r.Committer == nil {
		r.Committer = r.Store
	}
	if r.Logger == nil {
		r.Logger = slog.New(slog.DiscardHandler)
	}
	stop := r.source.watch(r.observe)
	defer stop()
	// As in Kea the pause begins when a cycle has ended; a timer that is not
	// wanted is a nil channel.
	var reclaim, flush <-chan time.Time
	if r.Params.ReclaimTimerWaitTime > 0 {
		reclaim = time.After(r.Params.ReclaimTimerWaitTime)
	}
	if r.Params.FlushReclaimedTimerWaitTime > 0 {
		flush = time.After(r.Params.FlushReclaimedTimerWaitTime)
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-reclaim:
			r.reclaim(ctx)
			reclaim = time.After(r.Params.ReclaimTimerWaitTime)
		case <-flush:
			r.flush(ctx)
			flush = time.After(r.Params.FlushReclaimedTimerWaitTime)
		}
	}
}

// observe notices leases that come with an expiry that has been passed, so
// that a cycle need not look at the reclaimed leases of the last hour again.
func (r *reclaimRun) observe(_, new *Lease) {
	if new != nil && new.ValidLft != Infinite && new.State != ExpiredReclaimed {
		r.unfinished(new.Expires())
	}
}

// unfinished says that something is left to be reclaimed that ends at t.
func (r *reclaimRun) unfinished(t time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done = min(r.done, t.Unix()-1)
}

// reclaim is one cycle.
func (r *reclaimRun) reclaim(ctx context.Context) {
	now := r.source.clock()
	r.mu.Lock()
	from := r.done
	r.done = now.Unix()
	r.mu.Unlock()

	var (
		batch []Lease
		taken int
		start time.Time // when the first was taken
		left  bool
	)
	commit := func() {
		done, failed := r.commit(ctx, batch, r.changed)
		for _, l := range failed {
			r.unfinished(l.Expires())
		}
		if r.Reclaimed != nil {
			for _, l := range done {
				r.Reclaimed(l)
			}
		}
		batch = nil
	}
	for l := range r.source.expiring(time.Unix(from, 0), now) {
		if l.State == ExpiredReclaimed {
			continue
		}
		if r.Owned != nil && !r.Owned(l) {
			r.unfinished(l.Expires())
			continue
		}
		if taken == 0 {
			start = time.Now()
		}
		tooMany := r.Params.MaxReclaimLeases > 0 && taken == r.Params.MaxReclaimLeases
		tooLong := r.Params.MaxReclaimTime > 0 && time.Since(start) >= r.Params.MaxReclaimTime
		if tooMany || tooLong || ctx.Err() != nil {
			r.unfinished(l.Expires())
			left = true
			break
		}
		taken++
		if batch = append(batch, l); len(batch) == reclaimBatch {
			commit()
		}
	}
	commit()
	r.warn(left)
}

func (r *reclaimRun) warn(left bool) {
	if !left {
		r.incomplete = 0
		return
	}
	if r.incomplete++; r.Params.UnwarnedReclaimCycles > 0 && r.incomplete > r.Params.UnwarnedReclaimCycles {
		r.Logger.Warn("expired leases are left after several cycles of reclamation; max-reclaim-leases or max-reclaim-time may be too low",
			"cycles", r.incomplete)
		r.incomplete = 0
	}
}

// changed is what becomes of an expired lease. Its time stays the client's: to
// remove it is no news, so that whatever the client does elsewhere is newer.
func (r *reclaimRun) changed(l Lease) Change {
	remove := r.Params.FlushReclaimedTimerWaitTime == 0 || r.Params.HoldReclaimedTime == 0 ||
		// Nobody's identity is in it, or nobody will ask for it again.
		l.State == Declined || l.State == Registered
	c := Change{Lease: l, Delete: remove, If: l.Revision}
	if !remove {
		// The names are no longer the client's.
		c.Lease.State, c.Lease.Hostname, c.Lease.FQDNFwd, c.Lease.FQDNRev = ExpiredReclaimed, "", false, false
	}
	return c
}

// flush removes the reclaimed leases whose time has come.
func (r *reclaimRun) flush(ctx context.Context) {
	var batch []Lease
	remove := func(l Lease) Change { return Change{Lease: l, Delete: true, If: l.Revision} }
	for l := range r.source.expiring(time.Time{}, r.source.clock().Add(-r.Params.HoldReclaimedTime)) {
		if l.State != ExpiredReclaimed || r.Owned != nil && !r.Owned(l) {
			continue
		}
		if batch = append(batch, l); len(batch) == reclaimBatch {
			r.commit(ctx, batch, remove)
			batch = nil
		}
	}
	r.commit(ctx, batch, remove)
}

// commit changes leases unless they have changed since they were read: whoever
// renews a lease at the same time wins.
func (r *reclaimRun) commit(ctx context.Context, leases []Lease, change func(Lease) Change) (done, failed []Lease) {
	if len(leases) == 0 {
		return nil, nil
	}
	changes := make([]Change, len(leases))
	for i, l := range leases {
		changes[i] = change(l)
	}
	err := r.Committer.Commit(ctx, changes...)
	switch {
	case err == nil:
		return leases, nil
	case !errors.Is(err, ErrConflict):
		if ctx.Err() == nil {
			r.Logger.Error("expired leases could not be reclaimed", "leases", len(leases), "error", err)
		}
		return nil, leases
	case len(leases) == 1:
		return nil, nil
	}
	// One of them; halving finds it without giving up on the others.
	half := len(leases) / 2
	for _, part := range [][]Lease{leases[:half], leases[half:]} {
		d, f := r.commit(ctx, part, change)
		done, failed = append(done, d...), append(failed, f...)
	}
	return done, failed
}
