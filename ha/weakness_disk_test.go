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
	"time"

	"github.com/stretchr/testify/require"
)

// A server that cannot write its leases acknowledges nothing, and leaves its
// clients to the other one; it returns when it can write again.
func TestFailingStoreIsCovered(t *testing.T) {
	inEachMode(t, func(t *testing.T, a, b *node) {
		normal(a, b)
		for failing, d := range []*node{a, b} {
			other := []*node{b, a}[failing]
			repair := fillDisk(t, d.path)
			defer repair()
			began := time.Now()
			for i := range 100 {
				addr := fmt.Sprintf("192.0.%d.%d", failing, i)
				require.Error(t, d.request(t.Context(), addr, byte(i)))
				took := patient(t, addr, byte(i), other)
				require.LessOrEqual(t, took, 4*time.Second, "client %d after %v", i, time.Since(began))
				time.Sleep(50 * time.Millisecond)
			}
			require.Equal(t, StateWaiting, d.state())
			require.Contains(t, d.Status().String(), "LEASES CANNOT BE MADE DURABLE HERE")
			require.Equal(t, 256, other.serves())
			repair()
			equal(a, b)
			require.Len(t, a.leases(), 100*(failing+1))
		}
	})
}

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
