package lease

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

func TestMarks(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "leases.db")
	s := openAt(t, path)
	require.Zero(t, s.Mark("a"))
	require.NoError(t, s.CommitMark(ctx, "a", Position{1, 10}, Change{Lease: v4(1), Source: 10}))
	require.NoError(t, s.CommitMark(ctx, "b", Position{2, 20}), "without a change")
	require.EqualValues(t, 1, s.Revision(), "a mark is no change")
	require.NoError(t, s.CommitMark(ctx, "a", Position{1, 9}), "it may go back")
	require.ErrorIs(t, s.CommitMark(ctx, "a", Position{1, 11}, Change{Lease: v4(1), If: Absent}), ErrConflict)
	require.Equal(t, Position{1, 9}, s.Mark("a"), "it stays with the changes")
	for _, name := range []string{"", strings.Repeat("x", 256)} {
		require.Error(t, s.CommitMark(ctx, name, Position{1, 1}))
	}
	require.Error(t, s.CommitMark(ctx, "c", Position{1, 1}, Change{}))
	require.Zero(t, s.Mark("c"))

	copied := filepath.Join(t.TempDir(), "copy.db")
	f, err := os.Create(copied)
	require.NoError(t, err)
	_, err = s.Backup(f)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.NoError(t, s.Compact(ctx))
	check(t, s)
	require.NoError(t, s.Close())
	for _, file := range []string{path, copied} {
		s := openAt(t, file)
		require.Equal(t, Position{1, 9}, s.Mark("a"))
		require.Equal(t, Position{2, 20}, s.Mark("b"))
		require.NoError(t, s.CommitMark(ctx, "a", Position{}))
		require.Zero(t, s.Mark("a"))
		require.NoError(t, s.Close())
		s = openAt(t, file)
		require.Len(t, s.marks, 1)
	}
}

// Marks and epochs that change while a copy is made are in the copy.
func TestMarksDuringACopy(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "leases.db")
	s := openAt(t, path)
	require.NoError(t, s.CommitMark(ctx, "a", Position{1, 1}, Change{Lease: v4(1)}))
	c, err := s.beginCopy(ctx)
	require.NoError(t, err)
	require.NoError(t, s.CommitMark(ctx, "a", Position{1, 2}, Change{Lease: v4(2)}))
	lost, _ := inFlight(t, s)
	require.NoError(t, s.CommitMark(ctx, "b", Position{1, 3}, Change{Lease: v4(1), Delete: true}))
	place := s.Position()
	require.NoError(t, s.fill(ctx, c))
	s.turn <- struct{}{}
	s.endCopy(c)
	require.NoError(t, c.catchUp())
	require.NoError(t, s.swap(c))
	<-s.turn
	for range 2 {
		check(t, s)
		require.Equal(t, Position{1, 2}, s.Mark("a"))
		require.Equal(t, Position{1, 3}, s.Mark("b"))
		require.Equal(t, 2, locate(s, lost))
		require.EqualValues(t, place.Revision, locate(s, place))
		require.NoError(t, s.Close())
		s = openAt(t, path)
	}
}

// A mark whose commit fails is not set, wherever the file was left.
func TestFailedMark(t *testing.T) {
	t.Parallel()
	for name, failure := range failures {
		for _, then := range []string{"commit", "close", "compact", "mark"} {
			t.Run(name+" then "+then, func(t *testing.T) {
				t.Parallel()
				path := filepath.Join(t.TempDir(), "leases.db")
				s := openAt(t, path)
				require.NoError(t, s.CommitMark(ctx, "a", Position{1, 1}, Change{Lease: v4(1)}))
				setUpdate(s, failure)
				require.Error(t, s.CommitMark(ctx, "a", Position{1, 2}, Change{Lease: v4(2)}))
				require.Error(t, s.CommitMark(ctx, "b", Position{1, 2}))
				setUpdate(s, update)
				want := Position{1, 1}
				switch then {
				case "commit":
					require.NoError(t, s.Commit(ctx, Change{Lease: v4(3)}))
				case "compact":
					require.NoError(t, s.Compact(ctx))
				case "mark":
					want = Position{1, 3}
					require.NoError(t, s.CommitMark(ctx, "a", want))
				}
				for range 2 {
					require.Equal(t, want, s.Mark("a"))
					require.Zero(t, s.Mark("b"))
					_, ok := s.Lookup(keyOf(v4(2)))
					require.False(t, ok)
					require.NoError(t, s.Close())
					s = openAt(t, path)
				}
			})
		}
	}
}

// Of several in one write the last counts that is not refused.
func TestMarksInABatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := openTest(t)
		require.NoError(t, s.Commit(ctx, Change{Lease: v4(1)}))
		s.turn <- struct{}{}
		results := make(chan error, 4)
		do := func(f func() error) {
			go func() { results <- f() }()
			synctest.Wait()
		}
		do(func() error { return s.Commit(ctx) }) // what the writer has taken already
		do(func() error { return s.CommitMark(ctx, "a", Position{1, 1}, Change{Lease: v4(2)}) })
		do(func() error { return s.CommitMark(ctx, "a", Position{1, 2}, Change{Lease: v4(3)}) })
		do(func() error {
			return s.CommitMark(ctx, "a", Position{1, 3}, Change{Lease: v4(4)}, Change{Lease: v4(1), If: Absent})
		})
		<-s.turn
		failed := 0
		for range 4 {
			if err := <-results; err != nil {
				require.ErrorIs(t, err, ErrConflict)
				failed++
			}
		}
		require.Equal(t, 1, failed)
		require.Equal(t, Position{1, 2}, s.Mark("a"))
		require.Equal(t, 3, s.Count(0, Assigned, V4))
	})
}

func FuzzMarks(f *testing.F) {
	f.Add(marks{"a": {1, 2}, "server2/sent": {3, 4}}.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseMarks(b)
		if err != nil {
			return
		}
		again, err := parseMarks(m.encode())
		require.NoError(t, err)
		require.Equal(t, m, again)
	})
}
