//go:build unix

package lease

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// openLogged opens a store and returns what was logged meanwhile.
func openLogged(t *testing.T, path string) (log string, err error) {
	t.Helper()
	var text bytes.Buffer
	s, err := Open(path, &Options{Logger: slog.New(slog.NewTextHandler(&text, nil))})
	if err == nil {
		require.NoError(t, s.Commit(ctx, Change{Lease: v4(1)}))
		require.NoError(t, s.Close())
	}
	return text.String(), err
}

// Who lets others change the leases is told how, and what to do.
func TestOthersCanChangeTheFile(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	folder := func(name string, mode os.FileMode) string {
		at := filepath.Join(root, name)
		require.NoError(t, os.Mkdir(at, 0o700))
		require.NoError(t, os.Chmod(at, mode))
		return at
	}
	private := filepath.Join(folder("private", 0o750), "leases.db")
	for range 2 {
		log, err := openLogged(t, private)
		require.NoError(t, err)
		require.Empty(t, log)
	}
	info, err := os.Stat(private)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	require.NoError(t, os.Chmod(private, 0o666))
	log, err := openLogged(t, private)
	require.NoError(t, err)
	require.Contains(t, log, "chmod o-w "+private)

	public := folder("public", 0o777)
	log, err = openLogged(t, filepath.Join(public, "leases.db"))
	require.NoError(t, err)
	require.Contains(t, log, "chmod o-w "+public)
	link := filepath.Join(root, "private", "link.db")
	require.NoError(t, os.Symlink(filepath.Join(public, "leases.db"), link))
	log, err = openLogged(t, link)
	require.NoError(t, err)
	require.Contains(t, log, "chmod o-w "+public)

	log, err = openLogged(t, filepath.Join(folder("sticky", 0o777|os.ModeSticky), "leases.db"))
	require.NoError(t, err)
	require.Empty(t, log)
}

// A symbolic link that somebody has put in the file's place makes nothing be
// written where it leads, unless there is a store.
func TestLinkInTheFilesPlace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	link, target := filepath.Join(dir, "leases.db"), filepath.Join(dir, "elsewhere")
	require.NoError(t, os.Symlink(target, link))
	_, err := openLogged(t, link)
	require.ErrorContains(t, err, "leads nowhere")
	_, err = os.Lstat(target)
	require.ErrorIs(t, err, os.ErrNotExist)

	precious := bytes.Repeat([]byte("precious"), 4096)
	require.NoError(t, os.WriteFile(target, precious, 0o600))
	_, err = openLogged(t, link)
	require.Error(t, err)
	text, err := os.ReadFile(target)
	require.NoError(t, err)
	require.Equal(t, precious, text)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 2)
}

// A named pipe in a file's place is refused: whoever opened it would wait for
// somebody to write to it, and hear of no signal.
func TestPipeInTheFilesPlace(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "leases.csv.db")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	_, err := openLogged(t, pipe)
	require.ErrorContains(t, err, pipe+" is no file (prw-------)")
	_, err = ReadFile(pipe)
	require.ErrorContains(t, err, "is no file")

	name := filepath.Join(t.TempDir(), "leases.csv")
	require.NoError(t, syscall.Mkfifo(name, 0o600))
	_, _, err = OpenMemfile(ctx, name, false, nil, nil)
	require.ErrorContains(t, err, name+" is no file")
	_, err = os.Lstat(name + ".db")
	require.ErrorIs(t, err, os.ErrNotExist)
}
