package ha

import (
	"encoding/json"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

func fmtRequest(t *testing.T, command string, args any) []byte {
	t.Helper()
	b, err := json.Marshal(map[string]any{"command": command, "arguments": args, "service": []string{"dhcp4"}})
	require.NoError(t, err)
	return b
}

// taker is what a Kea speaks to.
type taker struct {
	t     *testing.T
	store *lease.Store
	mux   *ctrl.Mux
	told  []lease.Change
	skew  time.Duration
}

func newTaker(t *testing.T) *taker {
	l := &taker{t: t, store: openStore(t), mux: ctrl.NewMux()}
	r := &received{
		store: l.store, offset: func() time.Duration { return l.skew }, log: slog.New(slog.DiscardHandler),
		told: func(c lease.Change) { l.told = append(l.told, c) },
	}
	r.handle(l.mux, ctrl.V4, oneSubnet{})
	return l
}

func (l *taker) run(command string, args any) ctrl.Response {
	l.t.Helper()
	request, err := ctrl.ParseRequest(fmtRequest(l.t, command, args))
	require.NoError(l.t, err)
	return l.mux.Run(l.t.Context(), request)
}

// update sends a lease as a Kea does.
func (l *taker) update(what lease.Lease) {
	l.t.Helper()
	var args map[string]any
	require.NoError(l.t, json.Unmarshal(what.AppendUpdate(nil), &args))
	args["force-create"] = true
	require.Zero(l.t, l.run("lease4-update", args).Result)
}

// remove sends a removal as a Kea does.
func (l *taker) remove(what lease.Lease) int {
	l.t.Helper()
	return l.run("lease4-del", json.RawMessage(what.AppendUpdate(nil))).Result
}

func (l *taker) here(what lease.Lease) lease.Lease {
	found, _ := l.store.Lookup(what.Key())
	found.Revision = 0
	return found
}

func TestReceivedUpdate(t *testing.T) {
	t.Parallel()
	const then = 1_700_000_000
	for _, test := range []struct {
		what    string
		skew    time.Duration
		cltt    int64
		applied bool
	}{
		{"newer", 0, then + 1, true},
		{"as old", 0, then, true},
		{"a little older", 0, then - 2, true},
		{"older", 0, then - 3, false},
		{"the sender's clock is behind", -10 * time.Second, then - 12, true},
		{"the sender's clock is ahead", 10 * time.Second, then - 12, true},
		{"older than the clock explains", -10 * time.Second, then - 13, false},
	} {
		for _, removed := range []bool{false, true} {
			l := newTaker(t)
			l.skew = test.skew
			known := testLease(1, then)
			require.NoError(t, l.store.Commit(t.Context(), lease.Change{Lease: known}))
			if removed {
				require.NoError(t, l.store.Commit(t.Context(), lease.Change{Lease: known, Delete: true}))
			}
			update := testLease(1, test.cltt)
			update.HWAddr = []byte{2, 9, 9, 9, 9, 9} // somebody else's
			l.update(update)                         // answered as success, whatever becomes of it
			switch {
			case test.applied:
				require.Equal(t, update, l.here(known), test.what)
				require.Len(t, l.told, 1)
				require.Equal(t, lease.Foreign, l.told[0].Source)
				change, ok := l.store.Last(known.Key())
				require.True(t, ok)
				require.Equal(t, lease.Foreign, change.Source)
			case removed:
				require.Zero(t, l.here(known), test.what)
				require.Empty(t, l.told)
			default:
				require.Equal(t, known, l.here(known), test.what)
				require.Empty(t, l.told)
			}
		}
	}
}

func TestReceivedRemoval(t *testing.T) {
	t.Parallel()
	const then = 1_700_000_000
	l := newTaker(t)
	known := testLease(1, then)
	l.update(known)
	require.Equal(t, ctrl.Success, l.remove(testLease(1, then-3)), "late: the lease has been renewed")
	require.Equal(t, known, l.here(known))
	require.Equal(t, ctrl.Success, l.remove(testLease(1, then-2)))
	require.Zero(t, l.here(known))
	change, ok := l.store.Last(known.Key())
	require.True(t, ok)
	require.True(t, change.Delete)
	require.Equal(t, lease.Foreign, change.Source)
	require.InDelta(t, time.Now().Unix(), change.Lease.CLTT, 100, "it was decided now")
	require.Equal(t, ctrl.Empty, l.remove(known))

	l.update(known)
	require.Zero(t, l.here(known), "late: it has been removed")
	again := testLease(1, time.Now().Unix()+1)
	l.update(again)
	require.Equal(t, again, l.here(known))
	require.Equal(t, ctrl.Success, l.run("lease4-del", map[string]any{"ip-address": "192.0.2.1"}).Result, "a person, who does not say what for")
	require.Zero(t, l.here(known))
}

// A client that asks twice is answered twice, and what its server tells of that
// may come in any order.
func TestReceivedOvertaken(t *testing.T) {
	t.Parallel()
	const then = 1_700_000_000
	l := newTaker(t)
	known := testLease(1, then)
	l.update(known)
	for _, late := range []int64{1, 2} {
		l.update(testLease(1, then-late))
		require.Equal(t, known, l.here(known), late)
	}

	declined := testLease(1, then-1)
	declined.State = lease.Declined
	l.update(declined)
	require.Equal(t, declined, l.here(known), "two servers may have told these")
	another := testLease(1, then-2)
	another.HWAddr = []byte{2, 9, 9, 9, 9, 9}
	l.update(another)
	require.Equal(t, another, l.here(known), "and these")

	l.skew = 10 * time.Second
	back := another
	back.CLTT -= 5
	l.update(back)
	require.Equal(t, back, l.here(known), "its clock was set back")
}

// Updates of one lease at the same time are no conflict: the newest wins.
func TestReceivedTogether(t *testing.T) {
	t.Parallel()
	l := newTaker(t)
	r := &received{store: l.store, log: slog.New(slog.DiscardHandler)}
	var senders sync.WaitGroup
	for i := range 20 {
		senders.Go(func() {
			change := lease.Change{Lease: testLease(1, 1_700_000_000+int64(i)), If: lease.Absent}
			if err := r.Commit(t.Context(), change); err != nil {
				t.Error(err)
			}
		})
	}
	senders.Wait()
	require.Equal(t, int64(1_700_000_019), l.here(testLease(1, 0)).CLTT)
}

func TestReceivedHasNoOtherCommands(t *testing.T) {
	t.Parallel()
	l := newTaker(t)
	require.Equal(t, []string{"lease4-del", "lease4-get-all", "lease4-get-page", "lease4-update", "list-commands"}, l.mux.Commands())
	mux := ctrl.NewMux()
	(&received{store: l.store}).handle(mux, ctrl.V6, oneSubnet{})
	require.Equal(t, []string{"lease6-bulk-apply", "lease6-del", "lease6-get-all", "lease6-get-page", "lease6-update", "list-commands"}, mux.Commands())
}
