package ha

import (
	"context"
	"sync/atomic"

	"github.com/dhcpha/dhcpha/lease"
)

// alone knows which changes clients were told of although the partner had not
// confirmed them: those this server made since it began to serve alone. It is
// durable, since after a crash nothing else tells them from changes that were
// still waiting for the partner when the server died, and which no client has
// heard of. In a conflict the former win.
type alone struct {
	store *lease.Store
	name  string // of the mark
	since atomic.Uint64
	saved uint64 // what is durable of since
}

func newAlone(store *lease.Store, partner string) *alone {
	a := &alone{store: store, name: "alone/" + partner}
	a.saved = store.Mark(a.name).Revision
	a.since.Store(a.saved)
	return a
}

// begin notes that from now on clients are told of what the partner does not
// confirm.
func (a *alone) begin(ctx context.Context) error {
	since := a.since.Load()
	if since == 0 {
		since = a.store.Revision() + 1
	}
	return a.set(ctx, since)
}

// end notes that the partner has all that clients were told of.
func (a *alone) end(ctx context.Context) error { return a.set(ctx, 0) }

// set waits for the store no longer than it may take.
func (a *alone) set(ctx context.Context, since uint64) error {
	a.since.Store(since)
	if since == a.saved {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, writeTime, errSlow)
	defer cancel()
	err := a.store.CommitMark(ctx, a.name, lease.Position{Epoch: a.store.Position().Epoch, Revision: since})
	if err == nil {
		a.saved = since
	}
	return err
}

// told says whether clients were told of a change made here that the partner
// does not have.
func told(since, rev uint64) bool { return since != 0 && rev >= since }
