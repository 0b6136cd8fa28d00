package ha

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// A lease that comes and goes between the moment when a message is judged and
// its turn: what was decided for its absence no longer counts.
func TestRemovedWhileMessageWaits(t *testing.T) {
	t.Parallel()
	store := side(t, filepath.Join(t.TempDir(), "leases.db"))
	r := newReceiver(store, receiverOptions{role: Primary, primary: "server1"})
	epoch := lease.Position{Epoch: 5}
	theirs := changeOf(1, 1_700_000_000)
	theirs.Lease.Revision = 1
	head, rest, err := parseHead(messageOf(&changesHead{server: "server2", from: lease.Position{}, to: lease.Position{Epoch: epoch.Epoch, Revision: 1}}, theirs))
	require.NoError(t, err)
	finish := r.take(t.Context(), head, rest)

	ours := changeOf(1, theirs.Lease.CLTT+10)
	require.NoError(t, store.Commit(t.Context(), ours))
	ours.Delete = true
	require.NoError(t, store.Commit(t.Context(), ours))

	answer, err := parseAnswer(finish())
	require.NoError(t, err)
	require.Len(t, answer.failed, 1, "the removal is newer")
	last, _ := store.Last(ours.Lease.Key())
	require.True(t, last.Delete)
}

// Who sends message after message on many connections, none of which is the next
// one, does not have all of them read at once: what has been read takes a
// multiple of the memory.
func TestMessagesReadAhead(t *testing.T) {
	t.Parallel()
	store := side(t, filepath.Join(t.TempDir(), "leases.db"))
	r := newReceiver(store, receiverOptions{role: Standby, primary: "server1"})
	at := func(rev int) lease.Position {
		return lease.Position{Epoch: 5 * uint64(min(rev, 1)), Revision: uint64(rev)}
	}
	var begun []func() []byte
	for i := range 3 * maxAhead {
		head, rest, err := parseHead(messageOf(&changesHead{server: "server1", from: at(i), to: at(i + 1)}, changeOf(i, 1_700_000_000)))
		require.NoError(t, err)
		// One that is looked at only now is read with another time.
		begun = append(begun, r.take(t.Context(), head, rest))
		copy(rest, messageOf(&changesHead{server: "server1", from: at(i), to: at(i + 1)}, changeOf(i, 1_700_000_001))[len(head.append(nil)):])
	}
	for i, finish := range begun {
		answer, err := parseAnswer(finish())
		require.NoError(t, err)
		require.Zero(t, answer.result, answer.text)
		c := changeOf(i, 0)
		l, _ := store.Lookup(c.Lease.Key())
		require.Equal(t, i >= maxAhead, l.CLTT == 1_700_000_001, i)
	}
	require.EqualValues(t, 1, r.stream("server1").begun.Add(1), "all have been answered")
}
