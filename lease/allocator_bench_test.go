package lease

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// benchTake takes from a pool and gives back at once.
func benchTake(b *testing.B, a *Allocator) {
	p := a.Pools()[0]
	for b.Loop() {
		x, ok := a.Take(p, "a", time.Time{})
		if !ok {
			b.Fatal("nothing is free")
		}
		a.Release(x, "a")
	}
}

// Of 2^24 addresses eight are free.
func BenchmarkTakeNearlyFull8(b *testing.B) {
	for _, typ := range []AllocatorType{Iterative, Random, FLQ} {
		b.Run(typ.String(), func(b *testing.B) {
			a, err := newAllocator(&fakeSource{}, []PoolSpec{addrPool("10.0.0.0", "10.255.255.255", typ)})
			require.NoError(b, err)
			u := a.sorted[0]
			for i := range u.last + 1 {
				if i%(1<<21) != 77 {
					u.leased.set(i)
					u.use(i)
				}
			}
			benchTake(b, a)
		})
	}
}

// A million leases are spread over a /64.
func BenchmarkTake64(b *testing.B) {
	for _, typ := range []AllocatorType{Iterative, Random, FLQ} {
		b.Run(typ.String(), func(b *testing.B) {
			a, err := newAllocator(&fakeSource{}, []PoolSpec{addrPool("2001:db8::", "2001:db8::ffff:ffff:ffff:ffff", typ)})
			require.NoError(b, err)
			for range 1_000_000 {
				i, _ := a.sorted[0].pickRandom()
				a.sorted[0].leased.set(i)
				a.sorted[0].use(i)
			}
			benchTake(b, a)
		})
	}
}

// All offers are taken, so that each Take drops the oldest.
func BenchmarkTakeOffered(b *testing.B) {
	a, err := newAllocator(&fakeSource{}, []PoolSpec{addrPool("10.0.0.0", "10.0.255.255", Random)})
	require.NoError(b, err)
	until, n := time.Now().Add(time.Hour), 0
	for b.Loop() {
		n++
		_, ok := a.Take(a.Pools()[0], fmt.Sprint(n), until.Add(time.Duration(n)))
		require.True(b, ok)
	}
}

// manyLeases is a source of a million leases.
type manyLeases struct {
	fakeSource
	leases []Lease
}

func (m *manyLeases) Observe(fn func(old, new *Lease)) func() {
	for i := range m.leases {
		fn(nil, &m.leases[i])
	}
	return func() {}
}

// BenchmarkNewAllocator1M is what a start with a million leases costs beside
// the opening of the store.
func BenchmarkNewAllocator1M(b *testing.B) {
	for _, typ := range []AllocatorType{Iterative, FLQ} {
		b.Run(typ.String(), func(b *testing.B) {
			m := &manyLeases{leases: make([]Lease, 1_000_000)}
			for i := range m.leases {
				m.leases[i] = Lease{Type: V4, Addr: netip.AddrFrom4([4]byte{10, byte(i >> 14), byte(i >> 6), byte(i << 2)}),
					CLTT: time.Now().Unix(), ValidLft: 3600 * uint32(i%2)}
			}
			for b.Loop() {
				_, err := newAllocator(m, []PoolSpec{addrPool("10.0.0.0", "10.255.255.255", typ)})
				require.NoError(b, err)
			}
		})
	}
}
