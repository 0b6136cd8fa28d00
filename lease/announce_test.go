package lease

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
)

// announced notes what an Announcer is told.
type announced struct {
	changes, failed []Change
}

func (a *announced) Announced(changes []Change) { a.changes = append(a.changes, changes...) }
func (a *announced) Failed(changes []Change)    { a.failed = append(a.failed, changes...) }

func TestAnnouncedBeforeItIsDurable(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	require.NoError(t, s.Commit(ctx, Change{Lease: v4(1)}))
	var a announced
	stop := s.Announce(&a)
	var atWrite []Change
	var thereAtWrite bool
	setUpdate(s, func(db *bbolt.DB, fn func(*bbolt.Tx) error) error {
		atWrite = slices.Clone(a.changes)
		_, thereAtWrite = s.Lookup(keyOf(v4(2)))
		return db.Update(fn)
	})
	removal := v4(1)
	removal.CLTT = 1_800_000_000
	require.NoError(t, s.Commit(ctx,
		Change{Lease: v4(2), If: Absent, Source: 7},
		Change{Lease: removal, Delete: true, Source: Foreign},
		Change{Lease: v4(9), Delete: true})) // no change
	setUpdate(s, update)
	require.False(t, thereAtWrite)
	l := v4(2)
	l.Revision = 2
	want := []Change{
		{Lease: l, Source: 7},
		{Lease: Lease{Type: V4, Addr: removal.Addr, CLTT: removal.CLTT, Revision: 3}, Delete: true, Source: Foreign},
	}
	require.Equal(t, want, atWrite)
	require.Equal(t, want, slices.Collect(func(yield func(Change) bool) {
		for _, c := range s.Since(1) {
			if !yield(c) {
				return
			}
		}
	}))
	require.ErrorIs(t, s.Commit(ctx, Change{Lease: v4(3)}, Change{Lease: v4(2), If: Absent}), ErrConflict)
	require.NoError(t, s.CommitMark(ctx, "m", Position{1, 1}))
	require.Equal(t, want, a.changes, "what is refused is not announced")
	stop()
	stop()
	require.NoError(t, s.Commit(ctx, Change{Lease: v4(3)}))
	require.Equal(t, want, a.changes)
	require.Empty(t, a.failed)
}

func TestAnnouncedAndFailed(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	var a announced
	s.Announce(&a)
	setUpdate(s, failures["after the write"])
	require.Error(t, s.Commit(ctx, Change{Lease: v4(1)}, Change{Lease: v4(2)}))
	require.Len(t, a.changes, 2)
	require.Equal(t, a.changes, a.failed)
	setUpdate(s, update)
	require.NoError(t, s.Commit(ctx, Change{Lease: v4(1)}))
	require.Len(t, a.failed, 2)
	require.EqualValues(t, 3, a.changes[2].Lease.Revision, "the numbers of what failed are not used again")
}

// A removal without a time is decided when it is made, and not before the lease
// that it removes if another server has given that.
func TestTimeOfARemoval(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := openTest(t) // in a bubble it is the year 2000
		past, future := v4(1), v4(2)
		past.CLTT = 900_000_000
		require.NoError(t, s.Commit(ctx, Change{Lease: past}, Change{Lease: future, Source: 7}, Change{Lease: v4(3)}, Change{Lease: v4(4)}))
		require.NoError(t, s.Commit(ctx, Removal(past), Removal(future), Change{Lease: v4(3), Delete: true}, Removal(v4(4))))
		for _, want := range []Lease{
			{Type: V4, Addr: past.Addr, CLTT: 946_684_800, Revision: 5},
			{Type: V4, Addr: future.Addr, CLTT: future.CLTT, Revision: 6},
			{Type: V4, Addr: v4(3).Addr, CLTT: v4(3).CLTT, Revision: 7},
			{Type: V4, Addr: v4(4).Addr, CLTT: 946_684_800, Revision: 8}, // its clock was set back
		} {
			got, ok := s.Last(want.Key())
			require.True(t, ok)
			require.Equal(t, Change{Lease: want, Delete: true}, got)
		}
		bad := v4(3)
		bad.CLTT = -1
		require.Error(t, s.Commit(ctx, Change{Lease: bad, Delete: true}))
	})
	s := openTest(t)
	_, ok := s.Last(keyOf(v4(1)))
	require.False(t, ok)
}

// Who begins to watch while a change is being written is told of it.
func TestWatchedSinceItIsWritten(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	require.NoError(t, s.Commit(ctx, Change{Lease: v4(1)}))
	var was, is []uint64
	setUpdate(s, func(db *bbolt.DB, fn func(*bbolt.Tx) error) error {
		s.watch(func(old, new *Lease) {
			if old != nil {
				was = append(was, old.Revision)
			}
			if new != nil {
				is = append(is, new.Revision)
			}
		})
		return db.Update(fn)
	})
	require.NoError(t, s.Commit(ctx, Change{Lease: v4(1)}, Change{Lease: v4(2)}, Change{Lease: v4(1), Delete: true}))
	setUpdate(s, update)
	require.Equal(t, []uint64{1, 2}, was)
	require.Equal(t, []uint64{2, 3}, is)
}
