package lease

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Who reads a file gets what Open gets, and leaves no trace.
func TestReadFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "leases.db")
	whole := storeFile(t)
	require.NoError(t, os.WriteFile(path, whole, 0o400))
	leases, err := ReadFile(path)
	require.NoError(t, err)
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, whole, after)
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, entries, 1)

	require.NoError(t, os.Chmod(path, 0o600))
	s := openAt(t, path)
	require.NotEmpty(t, leases)
	require.Equal(t, slices.Collect(s.All()), leases)
	_, err = ReadFile(path)
	require.ErrorIs(t, err, ErrLocked)
}

func TestReadFileRefuses(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "leases.db")
	_, err := ReadFile(path)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.NoFileExists(t, path)
	for what, content := range map[string][]byte{
		"empty":  {},
		"cut":    storeFile(t)[:5000],
		"zeroed": make([]byte, 1<<16),
	} {
		require.NoError(t, os.WriteFile(path, content, 0o600))
		_, err := ReadFile(path)
		require.Error(t, err, what)
	}
}
