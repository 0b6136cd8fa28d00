package ha

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// removal is the removal of a lease.
func removal(i int) lease.Change {
	l := changeOf(i, 0).Lease
	return lease.Change{Lease: lease.Lease{Type: l.Type, Addr: l.Addr}, Delete: true}
}

// copied makes a copy of a store's file, to be put back later.
func copied(t *testing.T, store *lease.Store) (path string) {
	file, err := os.Create(filepath.Join(t.TempDir(), "copy"))
	require.NoError(t, err)
	_, err = store.Backup(file)
	require.NoError(t, err)
	require.NoError(t, file.Close())
	return file.Name()
}

// A server without leases is sent all, and then the removals since some time
// before: of leases that it has never had. It keeps them. Should an older copy of
// the other's file be put back, that has such a lease, and is told that it is gone.
func TestRemovalOfNothingIsKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sender, other := side(t, filepath.Join(dir, "sender")), side(t, filepath.Join(dir, "other"))
	fill(t, sender, 1, 4, 1_700_000_000)
	require.NoError(t, sender.Commit(t.Context(), removal(1)))
	older := copied(t, sender)
	require.NoError(t, sender.Commit(t.Context(), removal(2)))
	toOther := newReceiver(other, receiverOptions{role: Standby, primary: "server1"})
	followUp(t, sender, &wired{to: toOther, from: "server1"}, toOther, lease.Position{})

	putBack(t, older, other, toOther, 3)
}

// A server removes a lease, the other one makes it anew and removes it, too, and
// tells the first of that only. Should a copy of its file from in between be put
// back, it is told that the lease is gone.
func TestRemovalAfterRemovalIsKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sender, other := side(t, filepath.Join(dir, "sender")), side(t, filepath.Join(dir, "other"))
	toSender := newReceiver(sender, receiverOptions{role: Primary, primary: "server1"})
	toOther := newReceiver(other, receiverOptions{role: Standby, primary: "server1"})
	follow := func() {
		followUp(t, sender, &wired{to: toOther, from: "server1"}, toOther, toSender.applied("server2"))
		followUp(t, other, &wired{to: toSender, from: "server2"}, toSender, toOther.applied("server1"))
	}
	fill(t, sender, 1, 3, 1_700_000_000)
	follow()
	require.NoError(t, other.Commit(t.Context(), removal(1)))
	follow()
	fill(t, sender, 1, 2, 1_700_000_100)
	older := copied(t, sender)
	require.NoError(t, sender.Commit(t.Context(), removal(1)))
	follow()

	putBack(t, older, other, toOther, 2)
}

// putBack lets server1 return with a copy of its file, and sees that both servers
// end with one lease.
func putBack(t *testing.T, path string, other *lease.Store, toOther *receiver, want int) {
	sender := side(t, path)
	toSender := newReceiver(sender, receiverOptions{role: Primary, primary: "server1"})
	followUp(t, sender, &wired{to: toOther, from: "server1"}, toOther, toSender.applied("server2"))
	followUp(t, other, &wired{to: toSender, from: "server2"}, toSender, toOther.applied("server1"))
	for name, store := range map[string]*lease.Store{"sender": sender, "other": other} {
		require.Equal(t, 1, store.Count(0, lease.Assigned, lease.V4), name)
		l := changeOf(want, 0).Lease
		_, ok := store.Lookup(l.Key())
		require.True(t, ok, name)
	}
}
