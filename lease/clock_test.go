package lease

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// All that has to do with a store goes by the clock that it was opened with:
// when addresses are free, when leases are reclaimed, and when a removal was
// decided.
func TestStoreHasAClock(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "leases.db")
	synctest.Test(t, func(t *testing.T) {
		var ahead atomic.Int64
		ahead.Store(int64(time.Hour))
		s, err := Open(path, &Options{Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }})
		require.NoError(t, err)
		l := v4lease("192.0.2.1", 1800)
		require.NoError(t, s.Commit(t.Context(), Change{Lease: l}))
		a, err := NewAllocator(s, []PoolSpec{addrPool("192.0.2.1", "192.0.2.1", Iterative)})
		require.NoError(t, err)
		defer a.Close()
		take := func() bool {
			x, ok := a.Take(a.Pools()[0], "b", time.Time{})
			a.Release(x, "b")
			return ok
		}
		require.True(t, take(), "the lease has ended half an hour ago")
		ahead.Store(0)
		require.False(t, take(), "the clock is set back, and it has not ended after all")

		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() {
			ended <- (&Reclaimer{Store: s, Params: DefaultReclaimParams()}).Run(ctx)
		}()
		time.Sleep(11 * time.Second)
		require.Equal(t, 1, s.Count(0, Assigned, V4))
		ahead.Store(int64(time.Hour))
		time.Sleep(10 * time.Second)
		require.Equal(t, 1, s.Count(0, ExpiredReclaimed, V4))
		cancel()
		require.NoError(t, <-ended)

		l, ok := s.Lookup(l.Key())
		require.True(t, ok)
		decided := time.Now().Add(time.Hour).Unix()
		require.NoError(t, s.Commit(t.Context(), Removal(l)))
		removed, ok := s.Last(l.Key())
		require.True(t, ok)
		require.Equal(t, decided, removed.Lease.CLTT)
		require.NoError(t, s.Close())
	})
}
