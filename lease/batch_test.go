package lease

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// inOneBatch commits sets of changes that are all written in one transaction,
// in order, and returns their results.
func inOneBatch(t *testing.T, s *Store, commits ...[]Change) []error {
	s.turn <- struct{}{} // the writer waits with what it takes first
	results := make([]chan error, len(commits))
	first := make(chan error, 1)
	go func() { first <- s.Commit(ctx) }()
	synctest.Wait()
	for i, changes := range commits {
		results[i] = make(chan error, 1)
		go func() { results[i] <- s.Commit(ctx, changes...) }()
		synctest.Wait()
	}
	<-s.turn
	require.NoError(t, <-first)
	errs := make([]error, len(commits))
	for i := range results {
		errs[i] = <-results[i]
	}
	return errs
}

// A Commit that is refused leaves nothing behind for those written with it.
func TestRefusedInABatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := openTest(t)
		require.NoError(t, s.Commit(ctx, Change{Lease: v4(1)}))
		errs := inOneBatch(t, s,
			[]Change{{Lease: v4(2)}, {Lease: v4(2), Delete: true}, {Lease: v4(3)}, {Lease: v4(1), If: Absent}},
			[]Change{{Lease: v4(2), If: Absent}, {Lease: v4(3), If: Absent}},
			[]Change{{Lease: v4(3), If: 3}, {Lease: v4(2), If: Absent}},
			[]Change{{Lease: v4(3), If: 3}})
		require.ErrorIs(t, errs[0], ErrConflict)
		require.NoError(t, errs[1])
		require.ErrorIs(t, errs[2], ErrConflict)
		require.NoError(t, errs[3])
		require.EqualValues(t, 4, s.Revision())
	})
}

// Who is refused because of a change that then fails is told of the failure:
// there is no lease that stands in the way.
func TestConflictWithWhatFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := openTest(t)
		setUpdate(s, failures["before the write"])
		errs := inOneBatch(t, s, []Change{{Lease: v4(1), If: Absent}}, []Change{{Lease: v4(1), If: Absent}})
		for _, err := range errs {
			require.ErrorContains(t, err, "disk broken")
			require.NotErrorIs(t, err, ErrConflict)
		}
		setUpdate(s, update)
		require.NoError(t, s.Commit(ctx, Change{Lease: v4(1), If: Absent}))
	})
}
