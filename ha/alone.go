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
}

func newAlone(store *lease.Store, partner string) *alone {
	a := &alone{store: store, name: "alone/" + partner}
	a.since.Store(store.Mark(a.name).Revision)
	return a
}

// begin notes that from now on clients are told of what the partner does not
// confirm.
func (a *alone) begin(ctx context.Context) error {
	if a.since.Load() != 0 {
		return nil
	}
	return a.set(ctx, a.store.Revision()+1)
}

// end notes that the partner has all that clients were told of.
func (a *alone) end(ctx context.Context) error {
	if a.since.Load() == 0 {
		return nil
	}
	return a.set(ctx, 0)
}

func (a *alone) set(ctx context.Context, since uint64) error {
	a.since.Store(since)
	return a.store.CommitMark(ctx, a.name, lease.Position{Epoch: a.store.Position().Epoch, Revision: since})
}

// told says whether clients were told of a change made here that the partner
// does not have.
func told(since, rev uint64) bool { return since != 0 && rev >= since }
