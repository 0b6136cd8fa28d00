package lease

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// playedDisk is an Options.Write that fails before it writes, or after.
type playedDisk struct{ before, after, writes atomic.Bool }

func (d *playedDisk) write(write func() error) error {
	if d.before.Load() {
		return errDisk
	}
	d.writes.Store(true)
	if err := write(); err != nil {
		return err
	}
	if d.after.Load() {
		return errDisk
	}
	return nil
}

// All that is written to the file goes through Options.Write, also what makes
// the store fit again after an error.
func TestWriteOption(t *testing.T) {
	t.Parallel()
	disk := new(playedDisk)
	path := filepath.Join(t.TempDir(), "leases.db")
	s, err := Open(path, &Options{Write: disk.write})
	require.NoError(t, err)
	require.True(t, disk.writes.Load(), "the new epoch")
	require.NoError(t, s.Commit(ctx, Change{Lease: v4(1)}))

	fail := func(fails *atomic.Bool) {
		disk.writes.Store(false)
		fails.Store(true)
		before, err := os.ReadFile(path)
		require.NoError(t, err)
		for range 3 {
			require.ErrorIs(t, s.Commit(ctx, Change{Lease: v4(2)}), errDisk)
		}
		after, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, fails == &disk.before, bytes.Equal(before, after), "nothing is written by any other way")
		require.Equal(t, fails == &disk.after, disk.writes.Load())
		require.Equal(t, 1, s.Count(0, Assigned, V4))
		fails.Store(false)
	}
	works := func() {
		require.NoError(t, s.Commit(ctx, Change{Lease: v4(1)}))
		check(t, s)
	}
	fail(&disk.before)
	works()
	fail(&disk.after)
	works()
	fail(&disk.after)
	fail(&disk.before) // now there is something to be undone, and that fails, too
	works()
	require.NoError(t, s.Close())
	s = openAt(t, path)
	require.Equal(t, 1, s.Count(0, Assigned, V4))
}

// A store can be opened with a disk that is full, and acknowledges nothing.
func TestOpenWithFullDisk(t *testing.T) {
	t.Parallel()
	disk := new(playedDisk)
	path := filepath.Join(t.TempDir(), "leases.db")
	require.NoError(t, openAt(t, path).Close())
	disk.before.Store(true)
	s, err := Open(path, &Options{Write: disk.write})
	require.NoError(t, err)
	require.ErrorIs(t, s.Commit(ctx, Change{Lease: v4(1)}), errDisk)
	disk.before.Store(false)
	require.NoError(t, s.Commit(ctx, Change{Lease: v4(1)}))
	require.NoError(t, s.Close())
}

// A write may take its time: commits that come meanwhile share the next one.
func TestSlowWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		writes := 0
		s, err := Open(filepath.Join(t.TempDir(), "leases.db"), &Options{Write: func(write func() error) error {
			writes++
			time.Sleep(time.Second)
			return write()
		}})
		require.NoError(t, err)
		began := time.Now()
		done := make(chan error)
		for i := range 10 {
			go func() { done <- s.Commit(context.Background(), Change{Lease: v4(i)}) }()
		}
		for range 10 {
			require.NoError(t, <-done)
		}
		require.LessOrEqual(t, time.Since(began), 2*time.Second)
		require.LessOrEqual(t, writes, 3)
		require.NoError(t, s.Close())
	})
}
