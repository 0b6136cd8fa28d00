package hatest

import (
	"context"
	"errors"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/lease"
)

// alone is the world of a server with nobody to share its leases with.
func alone(t *testing.T, test func(t *testing.T, w *World, n *Node)) {
	t.Helper()
	keepers(t, Config{Relationships: []*ha.Config{Pair(ha.PassiveBackup, 0)}}, func(t *testing.T, w *World) {
		w.Start()
		w.UntilState(20*time.Second, ha.StatePassiveBackup)
		test(t, w, w.Node("server1"))
	})
}

// commit has the node's store commit a lease, whatever the server thinks.
func (w *World) commit(name string, i int) error {
	return w.keeper(name).store.Commit(context.Background(), w.change(i))
}

func (w *World) change(i int) lease.Change {
	return lease.Change{Lease: lease.Lease{
		Type: lease.V4, Addr: w.address(i), SubnetID: 1, HWAddr: []byte{2, 0, 0, 0, 0, byte(i)}, CLTT: time.Now().Unix(), ValidLft: 3600,
	}}
}

// onDisk returns which of the first leases are in the file as it is now.
func (n *Node) onDisk(t *testing.T) (all []int) {
	t.Helper()
	require.False(t, n.Running())
	s, err := lease.Open(n.LeaseFile(), nil)
	require.NoError(t, err)
	for i := range 10 {
		if _, ok := s.Lookup(lease.Key{Type: lease.V4, Addr: n.w.address(i)}); ok {
			all = append(all, i)
		}
	}
	require.NoError(t, s.Close())
	return all
}

// A disk that fails: nothing is committed and nothing is written, until it works
// again.
func TestFailDisk(t *testing.T) {
	for _, restart := range []bool{false, true} {
		alone(t, func(t *testing.T, w *World, n *Node) {
			require.NoError(t, w.commit("server1", 1))
			n.FailDisk(syscall.ENOSPC)
			for range 2 {
				require.ErrorIs(t, w.commit("server1", 2), syscall.ENOSPC)
			}
			if restart {
				n.Kill()
				require.Equal(t, []int{1}, n.onDisk(t))
				n.Start()
				require.ErrorIs(t, w.commit("server1", 2), syscall.ENOSPC)
			}
			n.DiskWorks()
			require.NoError(t, w.commit("server1", 3))
			n.Stop()
			require.Equal(t, []int{1, 3}, n.onDisk(t))
		})
	}
}

// A disk that does not sync: nothing is committed, but what was written is there
// when the process is killed.
func TestFailSync(t *testing.T) {
	broken := errors.New("input/output error")
	alone(t, func(t *testing.T, w *World, n *Node) {
		n.FailSync(broken)
		require.ErrorIs(t, w.commit("server1", 1), broken)
		require.False(t, w.has("server1", 1))
		n.Kill()
		require.Equal(t, []int{1}, n.onDisk(t))
		n.DiskWorks()
		n.Start()
		require.NoError(t, w.commit("server1", 2))
	})
}

// A disk that is slow takes as long as is said, half of it before the file is
// changed. A pair leaves the clients of a server whose disk hangs to the other.
func TestSlowDisk(t *testing.T) {
	alone(t, func(t *testing.T, w *World, n *Node) {
		took := func(i int) time.Duration {
			began := time.Now()
			require.NoError(t, w.commit("server1", i))
			return time.Since(began)
		}
		require.Less(t, took(1), time.Millisecond)
		n.SlowDisk(2 * time.Second)
		require.Equal(t, 2*time.Second, took(2))
		n.SlowDisk(0)
		require.Less(t, took(3), time.Millisecond)

		for wait, want := range map[time.Duration][]int{900 * time.Millisecond: {1, 2, 3}, 1100 * time.Millisecond: {1, 2, 3, 4}} {
			n.SlowDisk(2 * time.Second)
			done := make(chan error)
			go func() { done <- w.commit("server1", 4) }()
			w.Sleep(wait)
			n.PowerOff()
			began := time.Now()
			require.Error(t, <-done)
			require.Zero(t, time.Since(began), "nobody waits for a machine that is off")
			require.Equal(t, want, n.onDisk(t), "after %v", wait)
			n.DiskWorks()
			n.Start()
			// Without what may have come too late.
			require.NoError(t, w.keeper("server1").store.Commit(context.Background(), lease.Change{
				Delete: true, Lease: lease.Lease{Type: lease.V4, Addr: w.address(4)},
			}))
		}

		// A disk that hangs goes on when it works again.
		n.SlowDisk(1000 * time.Hour)
		time.AfterFunc(time.Minute, n.DiskWorks)
		require.Equal(t, time.Minute, took(5))
	})
	normal(t, ha.HotStandby, func(t *testing.T, w *World) {
		w.Node("server1").SlowDisk(1000 * time.Hour)
		w.Until("server2 serves", 30*time.Second, func() bool {
			go func() { _ = w.gives("server1", 1) }()
			return w.gives("server2", 2) == nil
		})
	})
}

// What a disk has not synced is lost with the power, and not with the process.
func TestLieDisk(t *testing.T) {
	for _, power := range []bool{false, true} {
		alone(t, func(t *testing.T, w *World, n *Node) {
			require.NoError(t, w.commit("server1", 1))
			n.LieDisk()
			require.NoError(t, w.commit("server1", 2))
			n.LieDisk() // it does so already
			require.NoError(t, w.commit("server1", 3))
			if power {
				n.PowerOff()
				require.Equal(t, []int{1}, n.onDisk(t))
			} else {
				n.Kill()
				require.Equal(t, []int{1, 2, 3}, n.onDisk(t))
			}
			n.Start()
			n.DiskWorks()
			require.NoError(t, w.commit("server1", 4))
			n.PowerOff()
			require.Contains(t, n.onDisk(t), 4)
		})
	}
}

// Who is ended without knowing it does nothing to the file that it will be
// started with.
func TestEndedProgramWritesNothing(t *testing.T) {
	alone(t, func(t *testing.T, w *World, n *Node) {
		store := w.keeper("server1").store
		n.Kill()
		file := n.LeaseFile()
		require.Error(t, store.Commit(context.Background(), w.change(1)))
		require.Empty(t, n.onDisk(t))
		n.Start()
		require.NoError(t, w.commit("server1", 1))
		n.Stop()
		require.Equal(t, file, n.LeaseFile(), "a program that has ended well has the same file")
		require.Equal(t, []int{1}, n.onDisk(t))
		require.Equal(t, "server1-1.db", filepath.Base(file))
	})
}
