package lease

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func newTestAllocator(t *testing.T, s source, specs ...PoolSpec) (*Allocator, []*Pool) {
	t.Helper()
	a, err := newAllocator(s, specs)
	require.NoError(t, err)
	return a, a.Pools()
}

// takeAll takes until the pool has nothing more, without an end.
func takeAll(a *Allocator, p *Pool) (got []string) {
	for {
		x, ok := a.Take(p, fmt.Sprintf("all %d %v", len(a.holders), time.Now()), time.Time{})
		if !ok {
			return got
		}
		got = append(got, x.String())
	}
}

func TestIterativeGoesOn(t *testing.T) {
	t.Parallel()
	a, p := newTestAllocator(t, &fakeSource{}, addrPool("192.0.2.1", "192.0.2.4", Iterative))
	x, _ := a.Take(p[0], "a", time.Time{})
	require.Equal(t, addr("192.0.2.1"), x)
	a.Release(x, "a")
	// Not .1 again, although it is free.
	require.Equal(t, []string{"192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.1"}, takeAll(a, p[0]))
}

func TestLeasedExcludedAndHeldAreNotPicked(t *testing.T) {
	t.Parallel()
	for _, typ := range []AllocatorType{Iterative, Random, FLQ} {
		s := &fakeSource{}
		s.put(v4lease("192.0.2.2", 100))
		s.put(v4lease("192.0.2.3", Infinite))
		declined := v4lease("192.0.2.4", 100)
		declined.State = Declined
		s.put(declined)
		reclaimed := v4lease("192.0.2.5", 100)
		reclaimed.State = ExpiredReclaimed
		s.put(reclaimed)
		spec := addrPool("192.0.2.1", "192.0.2.8", typ)
		spec.Exclude = []netip.Addr{addr("192.0.2.6"), addr("198.51.100.1")}
		a, p := newTestAllocator(t, s, spec)
		require.True(t, a.Hold(addr("192.0.2.7"), "somebody", time.Time{}))
		require.True(t, a.Hold(addr("192.0.2.6"), "whose it is", time.Time{}), typ)
		got := takeAll(a, p[0])
		slices.Sort(got)
		require.Equal(t, []string{"192.0.2.1", "192.0.2.5", "192.0.2.8"}, got, typ)
		require.Equal(t, Usage{Assigned: 3, Declined: 1}, p[0].Usage())

		s.remove(declined.Key())
		require.Equal(t, []string{"192.0.2.4"}, takeAll(a, p[0]))
		require.Equal(t, Usage{Assigned: 2}, p[0].Usage())
		a.Release(addr("192.0.2.6"), "whose it is")
		require.Empty(t, takeAll(a, p[0]), "excluded is not free because its owner left it")
	}
}

func TestAddressIsFreeTheMomentItsLeaseExpires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &fakeSource{}
		a, p := newTestAllocator(t, s, addrPool("192.0.2.1", "192.0.2.1", Random))
		s.put(v4lease("192.0.2.1", 10))
		time.Sleep(10*time.Second - time.Nanosecond)
		_, ok := a.Take(p[0], "b", time.Time{})
		require.False(t, ok)
		time.Sleep(time.Nanosecond)
		_, ok = a.Take(p[0], "b", time.Time{})
		require.True(t, ok)
		require.Equal(t, Usage{Assigned: 1}, p[0].Usage(), "counted until it is reclaimed")
	})
}

func TestRenewedLeaseIsNotFreedByItsFormerExpiry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &fakeSource{}
		a, p := newTestAllocator(t, s, addrPool("192.0.2.1", "192.0.2.1", Iterative))
		s.put(v4lease("192.0.2.1", 10))
		time.Sleep(9 * time.Second)
		s.put(v4lease("192.0.2.1", 10))
		time.Sleep(9 * time.Second)
		_, ok := a.Take(p[0], "b", time.Time{})
		require.False(t, ok)
	})
}

func TestHoldBelongsToItsHolder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, _ := newTestAllocator(t, &fakeSource{}, addrPool("192.0.2.1", "192.0.2.9", Iterative))
		for _, x := range []netip.Addr{addr("192.0.2.3"), addr("198.51.100.1")} {
			require.True(t, a.Hold(x, "a", time.Now().Add(time.Minute)))
			require.False(t, a.Hold(x, "b", time.Time{}))
			a.Release(x, "b")
			who, ok := a.Holder(x)
			require.True(t, ok)
			require.Equal(t, "a", who)

			time.Sleep(59 * time.Second)
			require.True(t, a.Hold(x, "a", time.Now().Add(time.Minute)), "prolonged")
			time.Sleep(59 * time.Second)
			require.False(t, a.Hold(x, "b", time.Time{}))
			time.Sleep(time.Second)
			_, ok = a.Holder(x)
			require.False(t, ok)
			require.True(t, a.Hold(x, "b", time.Time{}), "the hold of a has ended")
			time.Sleep(1000 * time.Hour)
			require.False(t, a.Hold(x, "a", time.Time{}), "without an end")
			a.Release(x, "b")
			require.True(t, a.Hold(x, "a", time.Time{}))
			a.Release(x, "a")
		}
		require.Empty(t, a.holds)
		require.Empty(t, a.holders)
	})
}

func TestEndedHoldsAreForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, p := newTestAllocator(t, &fakeSource{}, addrPool("192.0.2.1", "192.0.2.9", Iterative))
		for range 10 {
			_, ok := a.Take(p[0], time.Now().String(), time.Now().Add(time.Second))
			require.True(t, ok)
			require.True(t, a.Hold(addrOfNumber(len(a.holds)), "a", time.Now().Add(time.Second)))
			require.Len(t, a.holds, 2)
			time.Sleep(time.Second)
		}
	})
}

func TestSameHolderIsOfferedTheSame(t *testing.T) {
	t.Parallel()
	s := &fakeSource{}
	a, p := newTestAllocator(t, s, addrPool("192.0.2.1", "192.0.2.9", Iterative))
	until := time.Now().Add(time.Hour)
	x, _ := a.Take(p[0], "a", until)
	y, _ := a.Take(p[0], "a", until)
	require.Equal(t, x, y)
	s.put(v4lease(x.String(), 100))
	y, ok := a.Take(p[0], "a", until)
	require.True(t, ok)
	require.NotEqual(t, x, y, "it was leased meanwhile")
}

func TestOldestOfferGivesWay(t *testing.T) {
	t.Parallel()
	for _, typ := range []AllocatorType{Iterative, Random, FLQ} {
		a, p := newTestAllocator(t, &fakeSource{}, addrPool("192.0.2.1", "192.0.2.3", typ))
		now := time.Now()
		first, _ := a.Take(p[0], "a", now.Add(time.Hour))
		second, _ := a.Take(p[0], "b", now.Add(2*time.Hour))
		third, _ := a.Take(p[0], "c", time.Time{})
		for _, want := range []netip.Addr{first, second} {
			got, ok := a.Take(p[0], "taker of "+want.String(), time.Time{})
			require.True(t, ok)
			require.Equal(t, want, got, typ)
		}
		_, ok := a.Take(p[0], "late", time.Time{})
		require.False(t, ok, "a commit in flight does not give way")
		require.False(t, a.Hold(first, "a", time.Time{}))
		a.Release(third, "c")
		_, ok = a.Take(p[0], "late", time.Time{})
		require.True(t, ok)
	}
}

func TestOffersAreBounded(t *testing.T) {
	t.Parallel()
	a, p := newTestAllocator(t, &fakeSource{}, addrPool("2001:db8::", "2001:db8::ffff:ffff:ffff:ffff", Random))
	until := time.Now().Add(time.Hour)
	for i := range maxOffers + 1000 {
		_, ok := a.Take(p[0], fmt.Sprint(i), until.Add(time.Duration(i)))
		require.True(t, ok)
	}
	for i := range maxOffers + 1000 {
		// One in a hundred is enough to be refused for memory's sake.
		require.True(t, a.Hold(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), "x", until))
	}
	require.Len(t, a.holds, 2*maxOffers)
	require.LessOrEqual(t, len(a.holders), maxOffers+1)
	_, ok := a.holders["0"]
	require.False(t, ok, "the oldest went")
}

func TestFLQPrefersWhatWasNeverUsed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &fakeSource{}
		// Expired before we start, in another order than that of addresses.
		s.put(v4lease("192.0.2.2", 3))
		s.put(v4lease("192.0.2.3", 1))
		s.put(v4lease("192.0.2.5", 2))
		time.Sleep(5 * time.Second)
		a, p := newTestAllocator(t, s, addrPool("192.0.2.1", "192.0.2.6", FLQ))
		s.put(v4lease("192.0.2.1", 10)) // used while we watch
		time.Sleep(10 * time.Second)
		offered, _ := a.Take(p[0], "tries", time.Now().Add(time.Second))
		a.Release(offered, "tries") // an offer alone is no use
		got := takeAll(a, p[0])
		require.ElementsMatch(t, []string{"192.0.2.4", "192.0.2.6"}, got[:2])
		require.Equal(t, []string{"192.0.2.3", "192.0.2.5", "192.0.2.2", "192.0.2.1"}, got[2:])
	})
}

func TestRandomIsNotInOrder(t *testing.T) {
	t.Parallel()
	for _, typ := range []AllocatorType{Random, FLQ} {
		a, p := newTestAllocator(t, &fakeSource{}, addrPool("10.0.0.0", "10.0.1.255", typ))
		got := takeAll(a, p[0])
		require.Len(t, got, 512)
		inOrder := 0
		for i := range got[1:] {
			if addr(got[i]).Next() == addr(got[i+1]) {
				inOrder++
			}
		}
		require.Less(t, inOrder, 200, typ)
		slices.Sort(got)
		require.Len(t, slices.Compact(got), 512)
	}
}

func TestPrefixPool(t *testing.T) {
	t.Parallel()
	s := &fakeSource{}
	a, p := newTestAllocator(t, s, PoolSpec{Prefix: prefix("fd78::/54"), DelegatedLen: 56})
	require.Equal(t, "4", p[0].Total().String())
	s.put(Lease{Type: PD, Addr: addr("fd78:0:0:100::"), PrefixLen: 56, ValidLft: Infinite})
	require.Equal(t, []string{"fd78::", "fd78:0:0:200::", "fd78:0:0:300::"}, takeAll(a, p[0]))
	require.Equal(t, Usage{Assigned: 1}, p[0].Usage())
}

// What was delegated with another length before the configuration changed must
// not be delegated again.
func TestPrefixesOfOtherLengthsAreRespected(t *testing.T) {
	t.Parallel()
	s := &fakeSource{}
	wide := Lease{Type: PD, Addr: addr("fd78:0:0:100::"), PrefixLen: 56, ValidLft: Infinite}
	part := Lease{Type: PD, Addr: addr("fd78:0:0:238::"), PrefixLen: 62, ValidLft: Infinite}
	s.put(wide)
	s.put(part)
	a, p := newTestAllocator(t, s, PoolSpec{Prefix: prefix("fd78::/54"), DelegatedLen: 60})
	require.True(t, a.Hold(addr("fd78:0:0:230::"), "passing by", time.Time{}))
	a.Release(addr("fd78:0:0:230::"), "passing by")
	got := takeAll(a, p[0])
	require.Len(t, got, 64-16-1)
	for _, x := range got {
		u := netip.PrefixFrom(addr(x), 60)
		require.False(t, u.Overlaps(wide.prefix()), x)
		require.False(t, u.Overlaps(part.prefix()), x)
	}
	s.remove(wide.Key())
	s.remove(part.Key())
	require.Len(t, takeAll(a, p[0]), 17)
	require.Empty(t, p[0].units.odd.leases)
	require.Empty(t, p[0].units.odd.wider)
	require.Empty(t, p[0].units.odd.parts)
}

func TestHugePools(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		spec  PoolSpec
		total string
	}{
		{addrPool("2001:db8::", "2001:db8::ffff:ffff:ffff:ffff", Random), "18446744073709551616"},
		{addrPool("2001:db8::", "2001:db8:0:1::", Random), "18446744073709551617"},
		{addrPool("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", FLQ), "340282366920938463463374607431768211456"},
		{PoolSpec{Prefix: prefix("fd78::/32"), DelegatedLen: 56, Allocator: FLQ}, "16777216"},
		{PoolSpec{Prefix: prefix("fd78::/32"), DelegatedLen: 128, Allocator: Random}, "79228162514264337593543950336"},
		{PoolSpec{Prefix: prefix("::/0"), DelegatedLen: 64, Allocator: Random}, "18446744073709551616"},
		{addrPool("0.0.0.0", "255.255.255.255", Random), "4294967296"},
	} {
		s := &fakeSource{}
		a, p := newTestAllocator(t, s, c.spec)
		require.Equal(t, c.total, p[0].Total().String())
		for i := range 100 {
			x, ok := a.Take(p[0], fmt.Sprint(i), time.Time{})
			require.True(t, ok)
			require.True(t, p[0].Contains(x))
			who, _ := a.Holder(x)
			require.Equal(t, fmt.Sprint(i), who)
		}
	}
	// The last address of a /64 has a number, too.
	a, p := newTestAllocator(t, &fakeSource{}, addrPool("2001:db8::", "2001:db8::ffff:ffff:ffff:ffff", Iterative))
	p[0].units.next = p[0].units.last
	x, _ := a.Take(p[0], "a", time.Time{})
	y, _ := a.Take(p[0], "b", time.Time{})
	require.Equal(t, addr("2001:db8::ffff:ffff:ffff:ffff"), x)
	require.Equal(t, addr("2001:db8::"), y)
}

func TestInvalidPools(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		specs []PoolSpec
		want  string
	}{
		{[]PoolSpec{{}}, "neither a range nor a prefix"},
		{[]PoolSpec{addrPool("192.0.2.9", "192.0.2.1", 0)}, "192.0.2.9 - 192.0.2.1 of subnet 1: the last address comes before the first"},
		{[]PoolSpec{addrPool("192.0.2.9", "2001:db8::1", 0)}, "two families"},
		{[]PoolSpec{addrPool("::ffff:192.0.2.1", "::ffff:192.0.2.9", 0)}, "plain"},
		{[]PoolSpec{{Prefix: prefix("fd78::1/48"), DelegatedLen: 56}}, "fd78::/48 may be meant"},
		{[]PoolSpec{{Prefix: prefix("fd78::/48"), DelegatedLen: 47}}, "delegated length 47 is not between 48 and 128"},
		{[]PoolSpec{{Prefix: prefix("fd78::/48"), DelegatedLen: 129}}, "delegated length 129"},
		{[]PoolSpec{{Prefix: prefix("10.0.0.0/8"), DelegatedLen: 24}}, "IPv6 only"},
		{[]PoolSpec{addrPool("192.0.2.1", "192.0.2.9", 9)}, "allocator"},
		{[]PoolSpec{addrPool("192.0.2.5", "192.0.2.9", 0), addrPool("192.0.2.1", "192.0.2.5", 0)},
			"pool 192.0.2.1 - 192.0.2.5 of subnet 1 overlaps pool 192.0.2.5 - 192.0.2.9 of subnet 1"},
		{[]PoolSpec{addrPool("fd78::5", "fd78::9", 0), {Prefix: prefix("fd78::/48"), DelegatedLen: 64}}, "overlaps"},
	} {
		_, err := newAllocator(&fakeSource{}, c.specs)
		require.ErrorContains(t, err, c.want)
	}
}

func TestReload(t *testing.T) {
	t.Parallel()
	s := &fakeSource{}
	s.put(v4lease("192.0.2.2", 100))
	s.put(v4lease("198.51.100.1", 100))
	a, old := newTestAllocator(t, s, addrPool("192.0.2.1", "192.0.2.3", Iterative), addrPool("203.0.113.1", "203.0.113.9", Iterative))
	require.True(t, a.Hold(addr("198.51.100.2"), "a", time.Time{}))
	require.True(t, a.Hold(addr("192.0.2.1"), "b", time.Time{}))

	kept := addrPool("192.0.2.1", "192.0.2.3", Iterative)
	kept.SubnetID = 7
	specs := []PoolSpec{addrPool("198.51.100.1", "198.51.100.3", FLQ), kept}
	pools, err := a.SetPools(specs)
	require.NoError(t, err)
	require.Equal(t, specs, []PoolSpec{pools[0].Spec(), pools[1].Spec()})
	_, ok := a.Take(old[1], "x", time.Time{})
	require.False(t, ok, "that pool is gone")
	require.Equal(t, []string{"198.51.100.3"}, takeAll(a, pools[0]))
	require.Equal(t, Usage{Assigned: 1}, pools[0].Usage())
	require.Equal(t, []string{"192.0.2.3"}, takeAll(a, old[0]), "queries in flight see what the new ones see")
	require.Empty(t, takeAll(a, pools[1]))
	a.Release(addr("198.51.100.2"), "a")
	require.Equal(t, []string{"198.51.100.2"}, takeAll(a, pools[0]))

	_, err = a.SetPools([]PoolSpec{{}})
	require.Error(t, err)
	require.Equal(t, pools, a.Pools())
}
