package ha

import (
	"context"
	"fmt"

	"github.com/dhcpha/dhcpha/lease"
)

// witness is a server that may have to confirm changes before a client is told
// of them.
type witness struct {
	*replica
	answer *expectation
	must   bool
}

// commitWitnessed makes changes durable and waits until those of the witnesses
// have them that must, and all of which are told at the same time. Once the
// changes are durable decide is called, which says which further ones must, or
// why no client may be told in any case.
//
// The error is that of the commit; or that of decide; or it matches errRejected
// or errUnacknowledged, then the changes are durable here and a peer does not
// have them; or it is the cause of the end of ctx.
func commitWitnessed(ctx context.Context, to lease.Committer, witnesses []witness, decide func() error, changes ...lease.Change) error {
	for i := range witnesses {
		witnesses[i].answer = witnesses[i].feed.expect(changes)
	}
	defer func() {
		for i := range witnesses {
			witnesses[i].answer.end()
		}
	}()
	if err := to.Commit(ctx, changes...); err != nil {
		return err
	}
	if err := decide(); err != nil {
		return err
	}
	for i := range witnesses {
		if w := &witnesses[i]; w.must {
			if err := w.answer.wait(ctx); err != nil {
				return fmt.Errorf("ha: leases for %s: %w", w.peer.Name, err)
			}
		}
	}
	return nil
}
