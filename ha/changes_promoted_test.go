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
