package lease

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// A store in whose memory there is no room for another lease says so, and does
// all that takes no more room.
func TestStoreIsFull(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "leases.db")
	s := openAt(t, path)
	s.turn <- struct{}{}
	s.index.slab.rows.most = 64
	<-s.turn
	wide := func(n int) Lease {
		l := v4(n)
		l.UserContext = fmt.Appendf(nil, `{"n":"%s"}`, bytes.Repeat([]byte("x"), 1000))
		return l
	}
	n := 0
	fill := func(each int) {
		for {
			var changes []Change
			for i := range each {
				changes = append(changes, Change{Lease: wide(n + i)})
			}
			err := s.Commit(ctx, changes...)
			if err != nil {
				require.ErrorIs(t, err, errNoRoom)
				require.ErrorContains(t, err, "14 GiB")
				require.Equal(t, n, s.Count(0, Assigned, V4))
				return
			}
			n += each
			require.Less(t, n, 64*64, "more than has room")
		}
	}
	fill(100)
	fill(1)
	require.Greater(t, n, 40*60, "most of the room is used")

	// Who has a lease can renew it.
	renewed := wide(7)
	renewed.CLTT++
	require.NoError(t, s.Commit(ctx, Change{Lease: renewed}))
	// Not with more in it.
	longer := wide(8)
	longer.Hostname = "a-longer-name-than-it-has-had"
	require.ErrorIs(t, s.Commit(ctx, Change{Lease: longer}), errNoRoom)
	check(t, s)

	// All of it is there when the file is opened again, and can be removed.
	before := slices.Collect(s.All())
	require.NoError(t, s.Close())
	s = openAt(t, path)
	require.True(t, slices.EqualFunc(before, slices.Collect(s.All()), func(a, b Lease) bool { return a.Addr == b.Addr && a.CLTT == b.CLTT }))
	s.turn <- struct{}{}
	s.index.slab.rows.most = 64
	<-s.turn
	fill(1)
	var removals []Change
	for i := range n / 2 {
		removals = append(removals, Removal(v4(i)))
	}
	require.NoError(t, s.Commit(ctx, removals...))
	require.NoError(t, s.Commit(ctx, Change{Lease: wide(n)}))
	check(t, s)
}

// A file with more than has room in memory is not opened.
func TestOpenWithoutRoom(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	var changes []Change
	for n := range 3000 {
		changes = append(changes, Change{Lease: v4(n)})
	}
	require.NoError(t, s.Commit(ctx, changes...))
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	small := &Store{index: newIndex(), log: s.log}
	small.index.slab.rows.most = 9
	require.ErrorIs(t, s.db.View(small.load), errNoRoom)
}
