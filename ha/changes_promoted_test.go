package ha

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// A backup that has become a standby gives the primary what only the standby
// before it has had.
func TestPromotedBackupSendsAll(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	backup, primary := side(t, filepath.Join(dir, "backup")), side(t, filepath.Join(dir, "primary"))
	c := changeOf(1, 1_700_000_000)
	c.Source = secondStream | 5
	require.NoError(t, backup.Commit(t.Context(), c))
	r := newReceiver(primary, receiverOptions{role: Primary, primary: "server1"})
	followUp(t, backup, &wired{to: r, from: "server3"}, r, lease.Position{})
	require.Equal(t, 1, primary.Count(0, lease.Assigned, lease.V4))
}

// A backup becomes the primary beside the former standby. What only the former
// primary has told it is no lease that the standby knows of: it is not given up
// for an older one, nor removed as what the standby has no longer; and the standby
// is told.
func TestPromotedBackupKeepsWhatIsNewer(t *testing.T) {
	t.Parallel()
	const before, meanwhile, renewed = 1_700_000_000, 1_700_000_050, 1_700_000_100
	dir := t.TempDir()
	primary, standby := side(t, filepath.Join(dir, "primary")), side(t, filepath.Join(dir, "standby"))
	backup := side(t, filepath.Join(dir, "backup"))
	as := func(role Role, store *lease.Store, first, sources string) *receiver {
		return newReceiver(store, receiverOptions{role: role, primary: first, sources: sources, sourcesMark: "sources"})
	}
	third := as(Backup, backup, "server1", "server1 server2")
	fill(t, standby, 1, 4, before)
	followUp(t, standby, &wired{to: third, from: "server2"}, third, lease.Position{})
	require.NoError(t, primary.Commit(t.Context(), changeOf(1, renewed), changeOf(5, renewed)))
	followUp(t, primary, &wired{to: third, from: "server1"}, third, lease.Position{})

	third = as(Primary, backup, "server3", "server2")
	require.NoError(t, standby.Commit(t.Context(), changeOf(1, meanwhile)))
	followUp(t, standby, &wired{to: third, from: "server2"}, third, lease.Position{})
	require.NoError(t, standby.Commit(t.Context(), lease.Change{Lease: changeOf(3, 0).Lease, Delete: true}))
	require.NoError(t, standby.Forget(t.Context(), standby.Revision()))
	followUp(t, standby, &wired{to: third, from: "server2"}, third, lease.Position{})
	second := as(Standby, standby, "server3", "server3")
	followUp(t, backup, &wired{to: second, from: "server3"}, second, lease.Position{})
	for name, store := range map[string]*lease.Store{"backup": backup, "standby": standby} {
		for _, i := range []int{1, 5} {
			l := changeOf(i, 0).Lease
			have, ok := store.Lookup(l.Key())
			require.True(t, ok, "%s, lease %d", name, i)
			require.Equal(t, int64(renewed), have.CLTT, "%s, lease %d", name, i)
		}
	}
}
