package ha

import (
	"context"
	"fmt"
	"slices"

	"github.com/dhcpha/dhcpha/lease"
)

// commitAwaited makes changes durable and waits until peers, which are told at
// the same time, have them. awaited is asked once the changes are durable which
// of the peers are waited for, or why no client may be told in any case.
//
// The error is that of the commit; or that of awaited; or it matches errRejected
// or errUnacknowledged, then the changes are durable here and a peer does not
// have them; or it is the cause of the end of ctx.
func commitAwaited(ctx context.Context, to lease.Committer, peers []*replica, awaited func() ([]*replica, error), changes ...lease.Change) error {
	expected := make([]*expectation, len(peers))
	for i, r := range peers {
		e := r.feed.expect(changes)
		defer e.end()
		expected[i] = e
	}
	if err := to.Commit(ctx, changes...); err != nil {
		return err
	}
	must, err := awaited()
	if err != nil {
		return err
	}
	for i, e := range expected {
		if !slices.Contains(must, peers[i]) {
			continue
		}
		if err := e.wait(ctx); err != nil {
			return fmt.Errorf("ha: leases for %s: %w", peers[i].peer.Name, err)
		}
	}
	return nil
}
