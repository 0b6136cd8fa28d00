package ha

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// A client of the primary waits for an address that the secondary, while it
// was alone, has acknowledged to another one. The primary makes that change its
// own; that the secondary takes it is no answer to the client here.
func TestCommitLostToAcknowledged(t *testing.T) {
	t.Parallel()
	store := side(t, filepath.Join(t.TempDir(), "leases.db"))
	f := newFeed(store, 0, maxWaiting, nil)
	t.Cleanup(f.close)
	r := newReceiver(store, receiverOptions{role: Primary, primary: "server1", awaited: f.awaited, lost: f.lose})

	mine := lease.Change{Lease: leaseOf("192.0.2.7", 1), If: lease.Absent}
	e := f.expect([]lease.Change{mine})
	defer e.end()
	require.NoError(t, store.Commit(t.Context(), mine))
	result := make(chan error, 1)
	go func() { result <- e.wait(t.Context()) }()
	require.Eventually(t, func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return e.committed
	}, time.Minute, time.Millisecond)

	theirs := lease.Change{Lease: leaseOf("192.0.2.7", 2)}
	theirs.Lease.Revision = 1
	told := &changesHead{server: "server2", to: lease.Position{Epoch: 1, Revision: 1}, alone: 1}
	require.Zero(t, take(t, r, messageOf(told, theirs)).result)
	l, _ := store.Lookup(mine.Lease.Key())
	require.Equal(t, theirs.Lease.HWAddr, l.HWAddr, "what was acknowledged wins")

	batch, _, err := f.take(t.Context(), 10)
	require.NoError(t, err)
	f.done(batch, func(int) error { return nil })
	require.ErrorIs(t, <-result, errRejected)
}
