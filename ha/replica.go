package ha

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// maxWaiting is how many changes for a peer are in memory, at some 300 bytes
// each; what is beyond is in the store.
const maxWaiting = 10_000

// replica keeps the leases of one peer like ours: a feed, and the sender for
// the kind of server that the peer is.
type replica struct {
	peer  *peer
	store *lease.Store
	opts  replicaOptions
	feed  *feed

	wake chan struct{} // holds one token if the peer has been heard of

	mu       sync.Mutex
	kind     kind
	allowed  bool
	draining int
	stop     context.CancelFunc // of the sender that runs; nil: none
	err      error              // why the peer was not reached; nil: it was
}

// kind is what a peer is.
type kind uint8

const (
	kindUnknown kind = iota
	kindKea
	kindOurs
)

// replicaOptions are the settings of a replica.
type replicaOptions struct {
	cfg    *Config
	family ctrl.Family
	// keep says which leases the peer is told of; nil: all. Of a removal it is
	// given only the key and the CLTT.
	keep func(*lease.Lease) bool
	// tell is told how updates have ended. It must not block.
	tell func(event)
	// heedsTaken says whether tell is told of updates that the peer has taken;
	// nil: always.
	heedsTaken func() bool
	log        *slog.Logger
	// changes makes the sender for a peer of our own kind.
	changes func(*feed) sender
}

// sender tells a peer what is in its feed. run returns when ctx ends, or with
// the reason why the peer cannot be reached; it is run again some time later.
// When it returns nothing is taken from the feed and not done.
type sender interface {
	run(ctx context.Context) error
}

// replicaStatus tells how far a peer is.
type replicaStatus struct {
	Pending int    // changes in memory that it has not acknowledged
	Behind  bool   // there are more
	Lag     uint64 // how many revisions the store is ahead of what it has for certain
	Refused uint64 // how many changes it has refused, since the start
	Err     error  // why it was not reached the last time; nil: it was
}

// newReplica returns what keeps a peer's leases like those of the store. From
// then on the changes of the store are remembered for the peer, until run has
// ended.
func newReplica(p *peer, store *lease.Store, opts replicaOptions) *replica {
	r := &replica{peer: p, store: store, opts: opts, wake: make(chan struct{}, 1)}
	from, known := store.Locate(store.Mark(r.mark()))
	if !known && p.Role != Backup {
		// A partner that nothing is known of fetches the leases itself before
		// it serves. A backup never does.
		from = store.Revision()
	}
	r.feed = newFeed(store, from, maxWaiting, opts.keep)
	r.feed.shut = true
	r.feed.answered, r.feed.heedsTaken = r.answered, opts.heedsTaken
	if p.Role != Backup {
		r.feed.backlog = opts.cfg.delayedUpdatesLimit()
		r.feed.overflow = func() { opts.tell(backlogOverflowed{}) }
	}
	return r
}

// mark is the name under which the store remembers how far the peer is.
func (r *replica) mark() string { return "sent/" + r.peer.Name }

// run sends until ctx ends. Nothing is sent before the first greet.
func (r *replica) run(ctx context.Context) error {
	defer r.feed.close()
	var marking sync.WaitGroup
	marking.Go(func() { r.keepMark(ctx) })
	defer marking.Wait()

	var delay backoff
	for ctx.Err() == nil {
		err := r.send(ctx, &delay)
		if err == nil || ctx.Err() != nil {
			continue
		}
		r.note(err)
		r.feed.reach(false)
		delay.wait(ctx, r.wake)
		r.feed.reach(true)
	}
	return nil
}

// send runs a sender for the present kind of the peer until that changes, which
// is no error, or the peer cannot be reached.
func (r *replica) send(ctx context.Context, delay *backoff) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	r.mu.Lock()
	kind := r.kind
	r.stop = stop
	r.mu.Unlock()

	var s sender
	switch kind {
	case kindOurs:
		s = r.opts.changes(r.feed)
	case kindKea:
		s = newKeaSender(r.peer, r.store, r.feed, r.opts)
	default:
		<-ctx.Done()
		return nil
	}
	before := r.feed.deliveries()
	err := s.run(ctx)
	if r.feed.deliveries() != before {
		delay.reset()
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// note remembers why the peer was not reached.
func (r *replica) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.opts.log.Warn("leases cannot be sent to the peer", "peer", r.peer.Name, "error", err)
	}
	r.err = err
	select {
	case <-r.wake: // heard of before
	default:
	}
}

// greet tells that the peer has been heard of, and whether it is of our own
// kind. That may have changed: it can have been replaced.
func (r *replica) greet(ours bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := kindKea
	if ours {
		now = kindOurs
	}
	if now != r.kind {
		r.kind = now
		r.feed.setEcho(now == kindKea)
		r.regate()
		if r.stop != nil {
			r.stop()
		}
	}
	if r.err != nil {
		r.err = nil
		r.opts.log.Info("leases are sent to the peer again", "peer", r.peer.Name)
		r.feed.retry() // it may have been configured anew
	}
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// allow says whether the state lets a Kea be told of changes as they are made.
// One of our own kind always is.
func (r *replica) allow(on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.allowed = on
	r.regate()
}

// regate opens or shuts the feed.
func (r *replica) regate() {
	flows := r.kind == kindOurs || r.allowed
	r.feed.gate(flows || r.draining > 0, flows)
}

// drain sends all that waits, whether changes may go out or not. It returns the
// first error, or the cause of the end of ctx.
func (r *replica) drain(ctx context.Context) error {
	r.drains(1)
	defer r.drains(-1)
	if err := r.feed.drain(ctx); err != nil {
		return fmt.Errorf("ha: leases for %s: %w", r.peer.Name, err)
	}
	return nil
}

func (r *replica) drains(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.draining += n
	r.regate()
}

// fetched notes that a Kea has fetched all leases, as of a revision or later.
// It is told of removals and releases all the same, of which it has seen
// nothing, and of leases that it was not shown, see plainPages.
func (r *replica) fetched(from uint64) {
	r.feed.fetched(from)
	for _, state := range newerStates {
		for l := range r.store.ByState(state, 0) {
			if l.Revision <= from && (r.opts.keep == nil || r.opts.keep(&l)) {
				r.feed.resend(l.Key(), l.Revision)
			}
		}
	}
}

// drop lets the backlog count from nothing again. What waits is kept until the
// peer has fetched it, or has been told: should it fail to fetch, nothing is
// lost.
func (r *replica) drop() { r.feed.forgetOverflow() }

func (r *replica) status() replicaStatus {
	n, behind := r.feed.pending()
	now := r.store.Revision()
	lag := now - min(now, r.feed.acked()) // which may know of what is not durable yet
	r.mu.Lock()
	defer r.mu.Unlock()
	return replicaStatus{n, behind, lag, r.feed.refusalsSoFar(), r.err}
}

// answered tells the machine how an update has ended.
func (r *replica) answered(c lease.Change, err error) {
	ev := updateAnswered{Peer: r.peer.Name, Outcome: failed}
	if !c.Delete {
		ev.Client = lease.Client{ID: c.Lease.ClientID, HWAddr: c.Lease.HWAddr}
	}
	switch {
	case err == nil:
		ev.Outcome = accepted
	case errors.Is(err, errRejected):
		ev.Outcome = rejected
	}
	r.opts.tell(ev)
}

// markEvery is how often it is made durable how far a peer is. After a crash
// what it was told since is sent again, which does no harm.
const markEvery = 10 * time.Second

// keepMark makes durable how far the peer is, from time to time and at the end.
func (r *replica) keepMark(ctx context.Context) {
	tick := time.NewTicker(markEvery)
	defer tick.Stop()
	var saved *uint64
	save := func(ctx context.Context) {
		at := r.feed.acked()
		if saved != nil && *saved == at {
			return
		}
		place := lease.Position{Epoch: r.store.Position().Epoch, Revision: at}
		if r.store.CommitMark(ctx, r.mark(), place) == nil { // otherwise the store has logged why
			saved = &at
		}
	}
	for {
		save(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			save(last)
			return
		}
	}
}
