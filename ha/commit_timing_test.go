package ha

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// slowDisk is a disk that takes its time for each transaction.
type slowDisk time.Duration

func (d slowDisk) Announced([]lease.Change) { time.Sleep(time.Duration(d)) }
func (slowDisk) Failed([]lease.Change)      {}

// Who observes commits is told what each has waited for.
func TestCommitTiming(t *testing.T) {
	pairTest(t, HotStandby, func(a, b *node) {
		t := a.t
		var told []CommitTiming
		a.opts.OnCommit = func(c CommitTiming) { told = append(told, c) }
		last := func() CommitTiming {
			t.Helper()
			require.Len(t, told, 1)
			c := told[0]
			told = nil
			return c
		}
		a.start()
		require.ErrorIs(t, a.give("192.0.2.7", 7), errNotServing)
		require.Equal(t, CommitTiming{Changes: 1, Err: errNotServing}, last())
		b.start()
		a.until(StateHotStandby)
		b.until(StateHotStandby)

		disk := 20 * time.Millisecond
		stop := a.store.Announce(slowDisk(disk))
		a.net.SetLatency(func() time.Duration { return 40 * time.Millisecond })
		require.NoError(t, a.give("192.0.2.7", 7))
		require.Equal(t, CommitTiming{Changes: 1, Disk: disk, Partner: 2*40*time.Millisecond - disk, Awaited: 1}, last())
		a.net.SetLatency(nil)
		two := []lease.Change{{Lease: leaseOf("192.0.2.8", 8)}, {Lease: leaseOf("192.0.2.9", 9)}}
		require.NoError(t, a.Commit(t.Context(), two...))
		require.Equal(t, CommitTiming{Changes: 2, Disk: disk, Awaited: 1}, last(), "the partner was quicker")

		a.net.SetCut(true)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := a.Commit(ctx, lease.Change{Lease: leaseOf("192.0.2.7", 7)})
		require.Error(t, err)
		require.Equal(t, CommitTiming{Changes: 1, Disk: disk, Partner: time.Second - disk, Awaited: 1, Err: err}, last())
		a.until(StatePartnerDown)
		require.NoError(t, a.give("192.0.2.7", 7))
		require.Equal(t, CommitTiming{Changes: 1, Disk: disk}, last())

		// What the store does not make.
		taken := lease.Change{Lease: leaseOf("192.0.2.7", 8), If: lease.Absent}
		err = a.Commit(t.Context(), taken)
		require.ErrorIs(t, err, lease.ErrConflict)
		require.Equal(t, err, last().Err)
		stop()
		a.net.SetCut(false)
	})
}
