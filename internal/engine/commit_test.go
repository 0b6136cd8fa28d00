package engine

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// committerFunc is a Committer that is a function.
type committerFunc func(changes []lease.Change) error

func (f committerFunc) Commit(_ context.Context, changes ...lease.Change) error { return f(changes) }

func TestCommit(t *testing.T) {
	t.Parallel()
	var held []string
	var fail error
	var c *Core
	c = newCore(t, Options{Committer: committerFunc(func(changes []lease.Change) error {
		held = nil
		for _, change := range changes {
			holder, _ := c.Alloc.Holder(change.Lease.Addr)
			held = append(held, holder)
		}
		return fail
	})})
	isTaken := false
	holder := func(l *lease.Lease) string { return fmt.Sprint(l.ClientID[2]) }
	taken := func(*lease.Lease) bool { return isTaken }
	declined := of(4, addrOf(0x13))
	declined.State = lease.Declined
	changes := []lease.Change{{Lease: of(1, addrOf(0x10))}, {Lease: of(2, addrOf(0x11))}, lease.Removal(of(3, addrOf(0x12))), {Lease: declined}}
	holders := func() (list []string) {
		for _, change := range changes {
			holder, _ := c.Alloc.Holder(change.Lease.Addr)
			list = append(list, holder)
		}
		return list
	}

	require.NoError(t, c.Commit(t.Context(), changes, holder, taken))
	require.Equal(t, []string{"1", "2", "", ""}, held, "while it is committed")
	require.Equal(t, []string{"", "", "", ""}, holders())

	fail = errors.New("disk full")
	require.ErrorIs(t, c.Commit(t.Context(), changes, holder, taken), fail)
	require.Equal(t, []string{"1", "2", "", ""}, holders(), "the client will ask again")
	isTaken = true
	require.ErrorIs(t, c.Commit(t.Context(), changes, holder, taken), fail)
	require.Equal(t, []string{"", "", "", ""}, holders())

	require.True(t, c.Alloc.Hold(addrOf(0x11), "somebody", time.Time{}))
	held, isTaken, fail = nil, false, nil
	require.ErrorIs(t, c.Commit(t.Context(), changes, holder, taken), lease.ErrConflict)
	require.Nil(t, held, "nothing is committed")
	require.Equal(t, []string{"1", "somebody", "", ""}, holders())
	c.Alloc.ReleaseOffers("1")
	require.Equal(t, []string{"", "somebody", "", ""}, holders(), "what had been held is an offer")
}

func TestOfferAfterFailedCommitEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCore(t, Options{Committer: committerFunc(func([]lease.Change) error { return errors.New("disk full") })})
		change := lease.Change{Lease: of(1, addrOf(0x10))}
		err := c.Commit(t.Context(), []lease.Change{change}, func(*lease.Lease) string { return "1" }, func(*lease.Lease) bool { return false })
		require.ErrorContains(t, err, "lease 2001:db8::10: disk full")
		time.Sleep(OfferHold - time.Nanosecond)
		_, held := c.Alloc.Holder(addrOf(0x10))
		require.True(t, held)
		time.Sleep(time.Second)
		require.True(t, c.Alloc.Hold(addrOf(0x10), "2", time.Time{}))
	})
}

// doubter is a Committer that has made no change safe.
type doubter struct{ lease.Committer }

func (doubter) Confirmed(lease.Lease) bool { return false }

func TestConfirmed(t *testing.T) {
	t.Parallel()
	l := of(1, addrOf(1))
	require.True(t, newCore(t, Options{}).Confirmed(&l))
	require.False(t, newCore(t, Options{Committer: doubter{}}).Confirmed(&l))
}

func TestInUse(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for state, want := range map[lease.State]bool{lease.Assigned: true, lease.Declined: true, lease.ExpiredReclaimed: false, lease.Released: false} {
		l := of(1, addrOf(1))
		l.State = state
		require.Equal(t, want, InUse(&l, now))
		require.False(t, InUse(&l, now.Add(101*time.Second)))
	}
}
