package lease

import (
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// slowSource lets things happen while leases are read.
type slowSource struct {
	fakeSource
	meanwhile func()
}

func (s *slowSource) late(leases iter.Seq[Lease]) iter.Seq[Lease] {
	return func(yield func(Lease) bool) {
		s.meanwhile()
		leases(yield)
	}
}

func (s *slowSource) All() iter.Seq[Lease] { return s.late(s.fakeSource.All()) }

func (s *slowSource) expiring(after, until time.Time) iter.Seq[Lease] {
	return s.late(s.fakeSource.expiring(after, until))
}

func TestRenewalWhileExpiredLeasesAreRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &slowSource{}
		a, p := newTestAllocator(t, s, addrPool("192.0.2.1", "192.0.2.2", Iterative))
		s.put(v4lease("192.0.2.1", 10))
		s.put(v4lease("192.0.2.2", 10))
		time.Sleep(11 * time.Second)
		s.meanwhile = func() { s.put(v4lease("192.0.2.1", 10)) }
		require.Equal(t, []string{"192.0.2.2"}, takeAll(a, p[0]))
	})
}

// A clock that is far ahead for a while, as before the first answer of a time
// server, ends all leases; once it is right they have not ended.
func TestClockThatIsSetBack(t *testing.T) {
	t.Parallel()
	for _, kind := range []AllocatorType{Iterative, Random, FLQ} {
		synctest.Test(t, func(t *testing.T) {
			s := &slowSource{meanwhile: func() {}}
			a, p := newTestAllocator(t, s, addrPool("192.0.2.1", "192.0.2.5", kind))
			s.put(v4lease("192.0.2.1", 100))
			s.put(v4lease("192.0.2.2", 3600))
			s.put(v4lease("192.0.2.3", 3600))
			reclaimed := v4lease("192.0.2.4", 3600)
			reclaimed.State = ExpiredReclaimed
			s.put(reclaimed)
			a.sweep(time.Now().Add(24 * time.Hour))
			s.meanwhile = func() { s.remove(Key{V4, addr("192.0.2.3")}) }
			require.ElementsMatch(t, []string{"192.0.2.3", "192.0.2.4", "192.0.2.5"}, takeAll(a, p[0]))
			s.meanwhile = func() {}
			time.Sleep(101 * time.Second)
			require.Equal(t, []string{"192.0.2.1"}, takeAll(a, p[0]))
			time.Sleep(time.Hour)
			require.Equal(t, []string{"192.0.2.2"}, takeAll(a, p[0]))
		})
	}
}

func TestChangesWhileNewPoolsAreRead(t *testing.T) {
	t.Parallel()
	s := &slowSource{}
	a, _ := newTestAllocator(t, s)
	for _, x := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"} {
		s.put(v4lease(x, 100))
	}
	s.meanwhile = func() {
		s.remove(Key{V4, addr("192.0.2.1")})
		declined := v4lease("192.0.2.2", 100)
		declined.State = Declined
		s.put(declined)
		s.put(v4lease("192.0.2.4", 100))
	}
	pools, err := a.SetPools([]PoolSpec{addrPool("192.0.2.1", "192.0.2.5", Iterative)})
	require.NoError(t, err)
	require.Equal(t, Usage{Assigned: 3, Declined: 1}, pools[0].Usage())
	require.Equal(t, []string{"192.0.2.1", "192.0.2.5"}, takeAll(a, pools[0]))
}

func TestFreedQueueAgainstDumbTwin(t *testing.T) {
	t.Parallel()
	q := newFreedQueue()
	var twin []uint64
	for step := range uint64(5000) {
		i := step * step % 97
		at := -1
		for n, x := range twin {
			if x == i {
				at = n
			}
		}
		switch {
		case step%3 == 0 && at >= 0:
			q.remove(i)
			twin = append(twin[:at], twin[at+1:]...)
		case at < 0:
			_, full := q.push(i)
			require.False(t, full)
			twin = append(twin, i)
		default:
			q.push(i) // keeps its place
		}
		var got []uint64
		for x := range q.oldestFirst() {
			got = append(got, x)
		}
		if len(twin) > 0 {
			require.Equal(t, twin, got)
		}
	}
}

func TestFreedQueueIsBounded(t *testing.T) {
	t.Parallel()
	q := newFreedQueue()
	for i := range uint64(maxFreed) {
		_, full := q.push(i)
		require.False(t, full)
	}
	oldest, full := q.push(maxFreed)
	require.True(t, full)
	require.Zero(t, oldest)
	require.Len(t, q.nodes, maxFreed)
}
