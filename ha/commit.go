package ha

import (
	"context"
	"fmt"

	"github.com/dhcpha/dhcpha/lease"
)

// commitAwaited makes changes durable and waits until the awaited peers, which
// are told at the same time, have them.
//
// The error is that of the commit; or it matches errRejected or
// errUnacknowledged, then the changes are durable here and a peer does not have
// them; or it is the cause of the end of ctx.
func commitAwaited(ctx context.Context, to lease.Committer, awaited []*replica, changes ...lease.Change) error {
	var expected []*expectation
	for _, r := range awaited {
		e := r.feed.expect(changes)
		defer e.end()
		expected = append(expected, e)
	}
	if err := to.Commit(ctx, changes...); err != nil {
		return err
	}
	for i, e := range expected {
		if err := e.wait(ctx); err != nil {
			return fmt.Errorf("ha: leases for %s: %w", awaited[i].peer.Name, err)
		}
	}
	return nil
}
