package lease

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// twin is an allocator as one would write it without a thought for speed.
type twin struct {
	leases map[Key]Lease
	holds  map[netip.Addr]hold
}

func (w *twin) free(x netip.Addr) bool {
	l, leased := w.leases[Key{V4, x}]
	if leased && !l.Expired(time.Now()) && (l.State == Assigned || l.State == Declined) {
		return false
	}
	h, held := w.holds[x]
	return !held || h.ended(time.Now())
}

// Whatever happens, what is taken was free; and nothing is refused as long as
// something is free or merely offered.
func TestAllocatorAgainstDumbTwin(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		synctest.Test(t, func(t *testing.T) { twinRun(t, seed) })
	}
}

func twinRun(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 7))
	typ := AllocatorType(seed % 3)
	s := &fakeSource{leases: map[Key]Lease{}}
	specs := []PoolSpec{addrPool("10.0.0.10", "10.0.0.90", typ), addrPool("10.0.0.100", "10.0.0.140", typ)}
	random := func() netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 0, byte(rng.IntN(150))}) }
	w := &twin{leases: s.leases, holds: map[netip.Addr]hold{}}
	for range 30 {
		l := v4lease(random().String(), uint32(rng.IntN(20)))
		s.put(l)
	}
	a, pools := newTestAllocator(t, s, specs...)
	for step := range 2000 {
		holder := fmt.Sprint(step)
		if rng.IntN(5) == 0 {
			holder = fmt.Sprint(rng.IntN(step + 1))
		}
		var until time.Time
		if rng.IntN(3) > 0 {
			until = time.Now().Add(time.Duration(1+rng.IntN(20_000)) * time.Millisecond)
		}
		x := random()
		switch op := rng.IntN(12); op {
		case 0, 1, 2, 3:
			p := pools[rng.IntN(len(pools))]
			before := maps.Clone(w.holds)
			got, ok := a.Take(p, holder, until)
			free, offered, own := 0, 0, false
			for y := p.spec.First; y.Compare(p.spec.Last) <= 0; y = y.Next() {
				h, held := before[y]
				held = held && !h.ended(time.Now())
				if w.free(y) {
					free++
				} else if held && !h.until.IsZero() {
					offered++
				}
				own = own || held && h.holder == holder && y == got
			}
			require.True(t, ok || free == 0, "seed %d step %d: refused with %d free", seed, step, free)
			require.True(t, !ok || free+offered > 0 || own, "seed %d step %d: %v is not to be had", seed, step, got)
			if ok && !own && !w.free(got) {
				require.Zero(t, free, "seed %d step %d: %v is not free", seed, step, got)
				h := before[got]
				require.False(t, h.until.IsZero() || h.addr != got)
			}
			if ok {
				require.True(t, p.Contains(got))
				w.holds[got] = hold{addr: got, holder: holder, until: until}
			}
			// Offers that gave way are no longer held.
			for y := range w.holds {
				if _, ok := a.Holder(y); !ok {
					if h := w.holds[y]; !h.ended(time.Now()) {
						require.Zero(t, free, "an offer gave way with %d free", free)
						require.False(t, h.until.IsZero())
					}
					delete(w.holds, y)
				}
			}
		case 4:
			h, held := w.holds[x]
			want := !held || h.ended(time.Now()) || h.holder == holder
			require.Equal(t, want, a.Hold(x, holder, until), "seed %d step %d", seed, step)
			if want {
				w.holds[x] = hold{addr: x, holder: holder, until: until}
			}
		case 5, 6:
			for y, h := range w.holds {
				a.Release(y, h.holder)
				delete(w.holds, y)
				break
			}
		case 7, 8:
			l := v4lease(x.String(), uint32(rng.IntN(30)))
			l.State = State(rng.IntN(4))
			s.put(l)
			if h, held := w.holds[x]; held && !h.until.IsZero() && !l.Expired(time.Now()) && l.State <= Declined {
				_, held = a.Holder(x)
				require.False(t, held, "seed %d step %d: %v is leased and still offered", seed, step, x)
				delete(w.holds, x)
			}
		case 9:
			s.remove(Key{V4, x})
		case 10:
			time.Sleep(time.Duration(rng.IntN(5000)) * time.Millisecond)
		case 11:
			if rng.IntN(4) > 0 {
				continue
			}
			specs = []PoolSpec{specs[0], addrPool("10.0.0.100", fmt.Sprintf("10.0.0.%d", 110+rng.IntN(30)), typ)}
			var err error
			pools, err = a.SetPools(specs)
			require.NoError(t, err)
		}
		for _, p := range pools {
			var want Usage
			for _, l := range s.leases {
				if p.Contains(l.Addr) && l.State <= Declined {
					want.Assigned++
					want.Declined += uint64(l.State)
				}
			}
			require.Equal(t, want, p.Usage(), "seed %d step %d", seed, step)
		}
	}
}
