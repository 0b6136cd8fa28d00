package lease

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
)

var errDisk = errors.New("disk broken")

// update is how a transaction behaves.
func update(db *bbolt.DB, fn func(*bbolt.Tx) error) error { return db.Update(fn) }

// setUpdate makes transactions fail, or behave again.
func setUpdate(s *Store, fn func(*bbolt.DB, func(*bbolt.Tx) error) error) {
	s.turn <- struct{}{}
	s.update = fn
	<-s.turn
}

// What a transaction may do before it fails.
var failures = map[string]func(*bbolt.DB, func(*bbolt.Tx) error) error{
	"before the write": func(*bbolt.DB, func(*bbolt.Tx) error) error { return errDisk },
	"in the write": func(db *bbolt.DB, fn func(*bbolt.Tx) error) error {
		return db.Update(func(tx *bbolt.Tx) error { return errors.Join(fn(tx), errDisk) })
	},
	"after the write": func(db *bbolt.DB, fn func(*bbolt.Tx) error) error {
		return errors.Join(db.Update(fn), errDisk)
	},
	"with a panic": func(db *bbolt.DB, fn func(*bbolt.Tx) error) error {
		return db.Update(func(tx *bbolt.Tx) error { panic(errDisk) })
	},
	"with the file closed": func(db *bbolt.DB, fn func(*bbolt.Tx) error) error {
		return errors.Join(db.Close(), errDisk)
	},
}

func TestFailedCommits(t *testing.T) {
	t.Parallel()
	for name, failure := range failures {
		for _, then := range []string{"commit", "close", "compact", "fail again"} {
			t.Run(name+" then "+then, func(t *testing.T) {
				t.Parallel()
				path := filepath.Join(t.TempDir(), "leases.db")
				s := openAt(t, path)
				for n := range 5 {
					require.NoError(t, s.Commit(ctx, Change{Lease: v4(n)}))
				}
				require.NoError(t, s.Commit(ctx, Change{Lease: v4(4), Delete: true}))
				leases, since, rev := slices.Collect(s.All()), changesOf(s), s.Revision()
				told := 0
				s.Observe(func(_, _ *Lease) { told++ })

				setUpdate(s, failure)
				fail := func() {
					told = 0
					other := v4(1)
					other.Hostname = "other"
					err := s.Commit(ctx,
						Change{Lease: v4(0), Delete: true}, // there
						Change{Lease: other},               // changed
						Change{Lease: v4(4)},               // removed before
						Change{Lease: v4(9)},               // new
						Change{Lease: v4(9), Delete: true})
					require.ErrorContains(t, err, "disk broken")
					require.ErrorContains(t, err, path)
					require.Equal(t, leases, slices.Collect(s.All()))
					require.Equal(t, since, changesOf(s))
					require.Equal(t, rev, s.Revision())
					require.Zero(t, told)
				}
				fail()
				if then == "fail again" {
					fail()
					fail()
				}
				setUpdate(s, update)
				switch then {
				case "commit", "fail again":
					require.NoError(t, s.Commit(ctx, Change{Lease: v4(7)}))
					check(t, s)
					tries := map[string]uint64{"commit": 1, "fail again": 3}[then]
					require.Equal(t, rev+5*tries+1, s.Revision(), "no number is given out again")
					leases, since = slices.Collect(s.All()), changesOf(s)
				case "compact":
					require.NoError(t, s.Compact(ctx))
					check(t, s)
				}
				require.NoError(t, s.Close())
				s = openAt(t, path)
				require.Equal(t, leases, slices.Collect(s.All()))
				require.Equal(t, since, changesOf(s))
			})
		}
	}
}

func changesOf(s *Store) (changes []Change) {
	for _, c := range s.Since(0) {
		changes = append(changes, c)
	}
	return changes
}

// A file cut short by somebody else while it is open must not take the process
// with it.
func TestFileCutShortWhileOpen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "leases.db")
	s, err := Open(path, nil)
	require.NoError(t, err)
	require.NoError(t, s.Commit(ctx, Change{Lease: v4(1)}))
	require.NoError(t, os.Truncate(path, 0))
	require.Error(t, s.Commit(ctx, Change{Lease: v4(2)}))
	require.Error(t, s.Commit(ctx, Change{Lease: v4(3)}))
	require.Equal(t, 1, s.Count(0, Assigned, V4))
	// All the leases are still in memory: a compaction writes them anew.
	require.NoError(t, s.Compact(ctx))
	require.NoError(t, s.Commit(ctx, Change{Lease: v4(3)}))
	check(t, s)
	require.NoError(t, s.Close())
	require.Equal(t, 2, openAt(t, path).Count(0, Assigned, V4))
}

// lateContext ends without a Done that tells, so that whoever waits with it
// gets the result.
type lateContext struct {
	context.Context
	ended atomic.Bool
}

func (c *lateContext) Err() error {
	if c.ended.Load() {
		return context.Canceled
	}
	return nil
}

// A context that ends while its changes are written does not make a failed
// write a success.
func TestFailedCommitWhoseContextEnds(t *testing.T) {
	t.Parallel()
	s := openAt(t, filepath.Join(t.TempDir(), "leases.db"))
	late := &lateContext{Context: context.Background()}
	setUpdate(s, func(*bbolt.DB, func(*bbolt.Tx) error) error {
		late.ended.Store(true)
		return errDisk
	})
	require.ErrorIs(t, s.Commit(late, Change{Lease: v4(1)}), errDisk)
}
