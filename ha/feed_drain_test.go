package ha

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// Who waits until the peer has what there is does not wait for what comes
// meanwhile: under a steady load there always is something.
func TestDrainEndsUnderLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "leases.db")
	synctest.Test(t, func(t *testing.T) {
		store, err := lease.Open(path, nil)
		require.NoError(t, err)
		f := newFeed(store, 0, maxWaiting, nil)
		n := 0
		change := func() {
			n++
			require.NoError(t, store.Commit(t.Context(), lease.Change{Lease: lease.Lease{
				Type: lease.V4, Addr: netip.MustParseAddr(fmt.Sprintf("192.0.2.%d", n)), HWAddr: []byte{2, 0, 0, 0, 0, 1}, SubnetID: 1,
			}}))
		}
		take := func() []lease.Change {
			batch, _, err := f.take(t.Context(), 1)
			require.NoError(t, err)
			return batch
		}
		taken := func(int) error { return nil }
		change()
		flying := take()
		change()
		drained := make(chan error, 1)
		go func() { drained <- f.drain(t.Context()) }()
		synctest.Wait()
		change()
		second := take()
		f.done(flying, taken)
		synctest.Wait()
		require.Empty(t, drained, "what was there when it began is missing")
		third := take()
		f.done(second, taken)
		synctest.Wait()
		require.Len(t, drained, 1)
		require.NoError(t, <-drained)
		f.done(third, taken)
		f.close()
		require.NoError(t, store.Close())
	})
}
