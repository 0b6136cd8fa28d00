package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/dhcpha/dhcpha/lease"
)

// OfferHold is how long an offered address is kept for its client: clients
// answer an offer at once, or ask again within this time.
const OfferHold = 60 * time.Second

// Commit makes the lease changes of a query durable, all of them or none.
// Nobody else may have an address that is given until this has ended, however
// long it takes: it is held for the holder of its lease, or if somebody else
// holds it the error is lease.ErrConflict. Afterwards holds end; but after an
// error those of addresses that are given stay for a while, as the client will
// ask again, unless they have been taken meanwhile, when they have become
// somebody else's, whom this must not keep from them.
func (c *Core) Commit(ctx context.Context, changes []lease.Change, holder func(*lease.Lease) string, taken func(*lease.Lease) bool) error {
	for i := range changes {
		l := &changes[i].Lease
		if gives(&changes[i]) && !c.Alloc.Hold(l.Addr, holder(l), time.Time{}) {
			c.keep(changes[:i], holder, taken)
			return fmt.Errorf("lease %s: %w", l.Addr, lease.ErrConflict)
		}
	}
	if err := c.Committer.Commit(ctx, changes...); err != nil {
		c.keep(changes, holder, taken)
		return fmt.Errorf("lease %s: %w", changes[len(changes)-1].Lease.Addr, err)
	}
	for i := range changes {
		l := &changes[i].Lease
		c.Alloc.Release(l.Addr, holder(l))
	}
	return nil
}

// keep makes offers again of what was to be given.
func (c *Core) keep(changes []lease.Change, holder func(*lease.Lease) string, taken func(*lease.Lease) bool) {
	for i := range changes {
		if l := &changes[i].Lease; gives(&changes[i]) {
			c.Alloc.Hold(l.Addr, holder(l), time.Now().Add(OfferHold))
			if taken(l) {
				c.Alloc.Release(l.Addr, holder(l))
			}
		}
	}
}

// gives says whether a change gives an address to a client.
func gives(change *lease.Change) bool {
	return !change.Delete && change.Lease.State == lease.Assigned
}

// Confirmed says whether a client may be answered by the lease as it is.
func (c *Core) Confirmed(l *lease.Lease) bool {
	confirmer, ok := c.Committer.(lease.Confirmer)
	return !ok || confirmer.Confirmed(*l)
}

// InUse says whether a lease keeps its address from others.
func InUse(l *lease.Lease, now time.Time) bool {
	return !l.Expired(now) && keeps(l)
}

// keeps says whether a lease keeps its address from others until it ends.
func keeps(l *lease.Lease) bool {
	return l.State == lease.Assigned || l.State == lease.Declined || l.State == lease.Registered
}
