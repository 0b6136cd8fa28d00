package engine

import (
	"context"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/conf"
	"github.com/dhcpha/dhcpha/lease"
)

func TestReclaimParams(t *testing.T) {
	t.Parallel()
	require.Equal(t, lease.DefaultReclaimParams(), reclaimParams(nil))
	require.Equal(t, lease.DefaultReclaimParams(), reclaimParams(&conf.ExpiredLeasesProcessing{}))
	n := func(n uint32) *uint32 { return &n }
	require.Equal(t, lease.ReclaimParams{
		ReclaimTimerWaitTime: time.Second, FlushReclaimedTimerWaitTime: 2 * time.Second, HoldReclaimedTime: 3 * time.Second,
		MaxReclaimLeases: 4, MaxReclaimTime: 5 * time.Millisecond, UnwarnedReclaimCycles: 6,
	}, reclaimParams(&conf.ExpiredLeasesProcessing{
		ReclaimTimerWaitTime: n(1), FlushReclaimedTimerWaitTime: n(2), HoldReclaimedTime: n(3),
		MaxReclaimLeases: n(4), MaxReclaimTime: n(5), UnwarnedReclaimCycles: n(6),
	}))
}

func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var background int
		var c *Core
		c = newCore(t, Options{
			Reclaims: func(l lease.Lease) bool { return l.Addr != addrOf(0x11) },
			Background: committerFunc(func(changes []lease.Change) error {
				background += len(changes)
				return c.Store.Commit(context.Background(), changes...)
			}),
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- c.Run(ctx) }()
		for _, l := range []lease.Lease{of(1, addrOf(0x10)), of(2, addrOf(0x11))} {
			require.NoError(t, c.Store.Commit(ctx, lease.Change{Lease: l}))
		}
		use(t, c, Settings{Expired: &conf.ExpiredLeasesProcessing{ReclaimTimerWaitTime: new(uint32(0))}})
		time.Sleep(time.Hour)
		require.Zero(t, c.value("reclaimed-leases"))
		use(t, c, Settings{Expired: &conf.ExpiredLeasesProcessing{HoldReclaimedTime: new(uint32(0))}})
		time.Sleep(time.Minute)
		require.EqualValues(t, 1, c.value("reclaimed-leases"))
		require.Equal(t, 1, background)
		require.Equal(t, []netip.Addr{addrOf(0x11)}, addrs(c.Store))
		cancel()
		require.NoError(t, <-done)
	})
}

func addrs(store *lease.Store) (list []netip.Addr) {
	for l := range store.All() {
		list = append(list, l.Addr)
	}
	return list
}
