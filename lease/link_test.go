package lease

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A store opened by a symbolic link stays where the link points to, with its
// lock, also after a compaction: another process may know it by its own name.
func TestStoreBehindALink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, link := filepath.Join(dir, "data", "leases.db"), filepath.Join(dir, "leases.db")
	require.NoError(t, os.Mkdir(filepath.Dir(file), 0o700))
	s, err := Open(file, nil)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	require.NoError(t, os.Symlink(file, link))

	s, err = Open(link, nil)
	require.NoError(t, err)
	l := v4lease("192.0.2.1", 100)
	require.NoError(t, s.Commit(t.Context(), Change{Lease: l}))
	require.NoError(t, s.Compact(t.Context()))
	_, err = Open(file, nil)
	require.ErrorIs(t, err, ErrLocked)
	require.NoError(t, s.Close())

	info, err := os.Lstat(link)
	require.NoError(t, err)
	require.Equal(t, os.ModeSymlink, info.Mode().Type())
	s, err = Open(file, nil)
	require.NoError(t, err)
	_, ok := s.Lookup(l.Key())
	require.True(t, ok)
	require.NoError(t, s.Close())
}
