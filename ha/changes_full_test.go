package ha

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// A full transfer, which is sent since removals are forgotten, does not bring
// back what the receiver has removed and has forgotten, too. But it does bring
// what the sender has from elsewhere, of which the stream says nothing.
func TestFullTransferBringsNothingBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sender, other := side(t, filepath.Join(dir, "sender")), side(t, filepath.Join(dir, "other"))
	remove := func(s *lease.Store, i int) {
		l := changeOf(i, 0).Lease
		require.NoError(t, s.Commit(t.Context(), lease.Change{Lease: lease.Lease{Type: l.Type, Addr: l.Addr}, Delete: true}))
		require.NoError(t, s.Forget(t.Context(), s.Revision()))
	}
	r := newReceiver(other, receiverOptions{role: Primary, primary: "server1"})
	w := &wired{to: r, from: "server2"}
	fill(t, sender, 1, 4, 1_700_000_000)
	followUp(t, sender, w, r, lease.Position{})
	elsewhere := changeOf(4, 1_700_000_000)
	elsewhere.Source = lease.Foreign
	require.NoError(t, sender.Commit(t.Context(), elsewhere))
	followUp(t, sender, w, r, lease.Position{})
	remove(other, 1)
	remove(sender, 2)
	followUp(t, sender, w, r, lease.Position{})
	for i, there := range map[int]bool{1: false, 2: false, 3: true, 4: true} {
		l := changeOf(i, 0).Lease
		_, ok := other.Lookup(l.Key())
		require.Equal(t, there, ok, "lease %d", i)
	}
}
