package ctrl

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// Not parallel: the umask is that of the process.
func TestSocketIsNeverOpenToAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	old := syscall.Umask(0)
	listener, err := bindUnix(path)
	syscall.Umask(old)
	require.NoError(t, err)
	defer listener.Close()
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(socketMode), info.Mode().Perm())
}
