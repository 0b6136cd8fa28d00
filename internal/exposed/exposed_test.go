//go:build unix

package exposed

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// folder makes a folder with these rights, whatever the umask is.
func folder(t *testing.T, mode os.FileMode, path ...string) string {
	t.Helper()
	at := filepath.Join(path...)
	require.NoError(t, os.Mkdir(at, 0o700))
	require.NoError(t, os.Chmod(at, mode))
	return at
}

func TestPath(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	private := folder(t, 0o750, root, "private")
	public := folder(t, 0o777, root, "public")
	sticky := folder(t, 0o777|os.ModeSticky, root, "sticky")
	within := folder(t, 0o700, public, "within")
	inSticky := folder(t, 0o700, sticky, "within")
	require.NoError(t, os.WriteFile(filepath.Join(public, "there"), nil, 0o600))
	require.NoError(t, os.Symlink(filepath.Join(public, "there"), filepath.Join(private, "link")))
	require.NoError(t, os.Symlink(public, filepath.Join(private, "folder")))
	require.NoError(t, os.Symlink(filepath.Join(private, "file"), filepath.Join(public, "away")))
	require.NoError(t, os.Symlink("nowhere", filepath.Join(private, "dangling")))
	for path, by := range map[string]string{
		filepath.Join(private, "file"):           "",
		filepath.Join(sticky, "file"):            "",
		filepath.Join(inSticky, "file"):          "",
		filepath.Join(root, "missing", "file"):   "",
		filepath.Join(private, "dangling"):       "",
		filepath.Join(public, "file"):            public,
		filepath.Join(public, "missing", "file"): public,
		filepath.Join(within, "file"):            public,
		filepath.Join(private, "link"):           public,
		filepath.Join(private, "folder", "file"): filepath.Join(private, "folder"),
		filepath.Join(public, "away"):            public,
	} {
		err := Path(path)
		if by == "" {
			require.NoError(t, err, path)
			continue
		}
		require.ErrorContains(t, err, "everybody may write to the folder "+by+",", path)
		require.ErrorContains(t, err, "chmod o-w "+by, path)
	}
}

func TestFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, File(file))
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	require.NoError(t, File(file))
	require.NoError(t, os.Chmod(file, 0o666))
	require.ErrorContains(t, File(file), "chmod o-w "+file)
	require.NoError(t, os.Chmod(file, 0o660))
	require.NoError(t, File(file))
	if os.Geteuid() != 0 {
		t.Skip("it takes root to give a file to another user")
	}
	require.NoError(t, os.Chown(file, 12345, -1))
	require.ErrorContains(t, File(file), "12345")
	require.ErrorContains(t, File(file), "chown 0 "+file)
}
