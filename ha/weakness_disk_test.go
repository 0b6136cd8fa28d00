//go:build linux

package ha

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// fillDisk makes all writing to a file that is open fail as if its disk were
// full, and the file unusable, until repair.
func fillDisk(t *testing.T, path string) (repair func()) {
	t.Helper()
	path, err := filepath.EvalSymlinks(path)
	require.NoError(t, err)
	fds, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	for _, entry := range fds {
		if to, err := os.Readlink(filepath.Join("/proc/self/fd", entry.Name())); err != nil || to != path {
			continue
		}
		fd, err := strconv.Atoi(entry.Name())
		require.NoError(t, err)
		kept, err := syscall.Dup(fd)
		require.NoError(t, err)
		full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
		require.NoError(t, err)
		require.NoError(t, syscall.Dup3(int(full.Fd()), fd, syscall.O_CLOEXEC))
		require.NoError(t, full.Close())
		// A store that failed opens its file anew, which is not let have it.
		return sync.OnceFunc(func() { require.NoError(t, syscall.Close(kept)) })
	}
	require.Fail(t, fmt.Sprintf("%s is not open", path))
	return nil
}
