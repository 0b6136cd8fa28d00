package lease

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// sameEnd returns a lease that ends when all of them do.
func sameEnd(n int) Lease {
	l := v4(n)
	l.CLTT = 1_700_000_000
	return l
}

// whenAllEnd is when that is.
func whenAllEnd() time.Time {
	l := sameEnd(0)
	return l.Expires()
}

func openSameEnd(t *testing.T, n int) *Store {
	t.Helper()
	s := openTest(t)
	var changes []Change
	for i := range n {
		changes = append(changes, Change{Lease: sameEnd(i)})
	}
	require.NoError(t, s.Commit(ctx, changes...))
	return s
}

// However many leases end in the same second, only so many are read at a time,
// while nobody can commit.
func TestManyEndInOneSecond(t *testing.T) {
	t.Parallel()
	const n = 10*stride + 3
	s := openSameEnd(t, n)
	w := expiring{from: endPlace{at: 0}, until: whenAllEnd().Unix(), more: true}
	seen, looks := 0, 0
	for w.more {
		s.look(&w)
		require.LessOrEqual(t, len(w.leases), stride)
		seen += len(w.leases)
		looks++
	}
	require.Equal(t, n, seen)
	require.Equal(t, 11, looks)
}

// Whatever becomes of leases that end in the same second while somebody goes
// through them: those that nothing happens to are seen, and usually once.
func TestChangesInOneSecond(t *testing.T) {
	t.Parallel()
	const n = 3*stride + 5
	end := whenAllEnd()
	renewed := func(l Lease) Change {
		l.CLTT += 1000
		return Change{Lease: l}
	}
	removed := func(l Lease) Change { return Removal(l) }
	for name, change := range map[string]func(Lease) Change{"renewed": renewed, "removed": removed} {
		for what, c := range map[string]struct {
			pick  func(s *Store, i int, w *expiring) []netip.Addr // of those seen so far and to come
			again bool                                            // leases may come again
		}{
			"the next": {func(s *Store, _ int, w *expiring) []netip.Addr {
				return []netip.Addr{s.index.lease(w.from.id).Addr}
			}, false},
			"all seen last": {func(_ *Store, _ int, w *expiring) []netip.Addr { return addrsOf(w.leases) }, false},
			"all seen last but one, and the next": {func(s *Store, _ int, w *expiring) []netip.Addr {
				return append(addrsOf(w.leases[1:]), s.index.lease(w.from.id).Addr)
			}, false},
			"all seen last, and the next": {func(s *Store, _ int, w *expiring) []netip.Addr {
				return append(addrsOf(w.leases), s.index.lease(w.from.id).Addr)
			}, true},
		} {
			s := openSameEnd(t, n)
			w := expiring{from: endPlace{at: 0}, until: end.Unix(), more: true}
			times, touched := map[netip.Addr]int{}, map[netip.Addr]bool{}
			for look := 0; w.more; look++ {
				require.Less(t, look, 20, "it comes to an end")
				s.look(&w)
				for _, l := range w.leases {
					times[l.Addr]++
				}
				if !w.more {
					break
				}
				var changes []Change
				for _, a := range c.pick(s, look, &w) {
					l, ok := s.Lookup(Key{V4, a})
					require.True(t, ok)
					touched[a] = true
					changes = append(changes, change(l))
				}
				require.NoError(t, s.Commit(ctx, changes...))
			}
			for i := range n {
				a := sameEnd(i).Addr
				if !touched[a] && !c.again {
					require.Equal(t, 1, times[a], "%s %s: %v", what, name, a)
				}
				if !touched[a] {
					require.Positive(t, times[a], "%s %s: %v", what, name, a)
				}
			}
		}
	}
}

func addrsOf(leases []Lease) (addrs []netip.Addr) {
	for _, l := range leases {
		addrs = append(addrs, l.Addr)
	}
	return addrs
}

// Where the last of a second has gone, the next second follows.
func TestLastOfASecond(t *testing.T) {
	t.Parallel()
	s := openSameEnd(t, stride+1)
	later := sameEnd(stride + 1)
	later.CLTT += 10
	require.NoError(t, s.Commit(ctx, Change{Lease: later}))
	w := expiring{from: endPlace{at: 0}, until: later.Expires().Unix(), more: true}
	s.look(&w)
	require.Len(t, w.leases, stride)
	require.NoError(t, s.Commit(ctx, Removal(s.index.lease(w.from.id))))
	s.look(&w)
	require.Equal(t, []netip.Addr{later.Addr}, addrsOf(w.leases))
	require.False(t, w.more)
}
