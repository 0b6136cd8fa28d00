package lease

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
)

// What is committed while a copy is being made does not pile up in memory, and
// is in the copy, at whatever moment it comes.
func TestCommitsDuringACopyDoNotPileUp(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	commit := func(changes ...Change) { require.NoError(t, s.Commit(ctx, changes...)) }
	for n := range 20 {
		commit(Change{Lease: v4(n)})
	}
	c, err := s.beginCopy(ctx)
	require.NoError(t, err)

	renewed := v4(3)
	renewed.CLTT++
	commit(Change{Lease: renewed}) // before any row is copied
	commit(Removal(v4(4)))
	commit(Change{Lease: v4(30)})
	require.Len(t, c.plans, 3)
	require.NoError(t, s.drain(c))
	require.Empty(t, c.plans)
	commit(Change{Lease: v4(31)})
	require.NoError(t, s.fill(ctx, c))
	require.Empty(t, c.plans)

	renewed = v4(5)
	renewed.CLTT++
	commit(Change{Lease: renewed}) // after all are
	commit(Removal(v4(30)), Change{Lease: v4(4)})
	s.turn <- struct{}{}
	s.endCopy(c)
	s.endTurn()
	require.NoError(t, c.catchUp())
	require.NoError(t, c.db.Sync())
	copied := filepath.Join(t.TempDir(), "copy.db")
	require.NoError(t, c.db.View(func(tx *bbolt.Tx) error { return tx.CopyFile(copied, 0o600) }))
	require.NoError(t, c.abandon())
	require.Equal(t, slices.Collect(s.All()), slices.Collect(openAt(t, copied).All()))
}
