package lease

import (
	"context"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// Many clients at once, while leases expire and pools come and go: nobody is
// given what another has, and all that there is is given.
func TestAllocatorBesideAStore(t *testing.T) {
	t.Parallel()
	for _, typ := range []AllocatorType{Iterative, Random, FLQ} {
		t.Run(typ.String(), func(t *testing.T) {
			t.Parallel()
			besideAStore(t, typ)
		})
	}
}

func besideAStore(t *testing.T, typ AllocatorType) {
	const size = 512
	s := openTest(t)
	var old []Change
	for i := range size / 2 {
		old = append(old, Change{Lease: Lease{Type: V4, Addr: addrOfNumber(i), HWAddr: []byte{1}, SubnetID: 1, CLTT: 1000, ValidLft: 10}})
	}
	require.NoError(t, s.Commit(t.Context(), old...))
	specs := []PoolSpec{addrPool("10.0.0.0", "10.0.1.255", typ)}
	a, err := NewAllocator(s, specs)
	require.NoError(t, err)
	defer a.Close()
	p := a.Pools()[0]

	ctx, done := context.WithCancel(t.Context())
	var around, clients sync.WaitGroup
	around.Go(func() {
		more := append(specs, addrPool("10.0.2.0", "10.0.2.255", typ))
		for ctx.Err() == nil {
			for _, pools := range [][]PoolSpec{more, specs} {
				if _, err := a.SetPools(pools); err != nil {
					t.Error(err)
				}
			}
			a.mu.Lock()
			a.swept = 0 // sweep all again
			a.mu.Unlock()
		}
	})
	var mu sync.Mutex
	given := map[netip.Addr]string{}
	for c := range 8 {
		clients.Go(func() {
			for i := 0; ; i++ {
				who := fmt.Sprint(c, " ", i)
				x, ok := a.Take(p, who, time.Time{})
				if !ok {
					return
				}
				err := s.Commit(t.Context(), Change{Lease: Lease{Type: V4, Addr: x, HWAddr: []byte(who), SubnetID: 1, CLTT: time.Now().Unix(), ValidLft: 3600}})
				a.Release(x, who)
				mu.Lock()
				if other, twice := given[x]; twice || err != nil {
					t.Errorf("%v is given to %s and to %s, error %v", x, other, who, err)
				}
				given[x] = who
				mu.Unlock()
			}
		})
	}
	clients.Wait()
	done()
	around.Wait()
	require.Len(t, given, size)
	require.Equal(t, Usage{Assigned: size}, p.Usage())
}

// The whole of it in a bubble: the store's own goroutine keeps the false time.
func TestReclaimerOfAStore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "leases.db")
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(path, nil)
		require.NoError(t, err)
		for i := range 300 {
			l := v4lease(addrOfNumber(i).String(), 60)
			require.NoError(t, s.Commit(t.Context(), Change{Lease: l}))
		}
		told := 0
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() {
			r := &Reclaimer{Store: s, Params: DefaultReclaimParams(), Reclaimed: func(Lease) { told++ }}
			ended <- r.Run(ctx)
		}()
		time.Sleep(85 * time.Second)
		synctest.Wait()
		require.Equal(t, 300, s.Count(0, ExpiredReclaimed, V4))
		time.Sleep(time.Hour)
		require.Empty(t, slices.Collect(s.All()))
		cancel()
		require.NoError(t, <-ended)
		require.Equal(t, 300, told)
		require.NoError(t, s.Close())
	})
}
