package ha

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// A backup that returns sends all it has. It was away, so that is neither all
// that there is nor the newest.
func TestBackupReturns(t *testing.T) {
	t.Parallel()
	const before, after = 1_700_000_000, 1_700_000_100
	for _, role := range []Role{Primary, Standby, Backup} {
		t.Run(string(role), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			backup, store := side(t, filepath.Join(dir, "backup")), side(t, filepath.Join(dir, "other"))
			from := func(rev uint64, changes ...lease.Change) []lease.Change {
				for i := range changes {
					changes[i].Source = rev + uint64(i)
				}
				return changes
			}
			// It knows the other server's place, which is at its own beginning:
			// what it sends is to replace all that the other has.
			r := newReceiver(store, receiverOptions{role: role, primary: "server1", backup: func(name string) bool { return name == "server3" }})
			w := &wired{to: r, from: "server3"}
			followUp(t, backup, w, r, lease.Position{})
			require.NoError(t, backup.Commit(t.Context(), from(1001, changeOf(1, before), changeOf(2, before), changeOf(3, after))...))
			theirs := from(1003, changeOf(1, before), changeOf(2, after), changeOf(4, after))
			require.NoError(t, store.Commit(t.Context(), theirs...))
			followUp(t, backup, w, r, lease.Position{})

			for i, cltt := range map[int]int64{1: before, 2: after, 3: after, 4: after} {
				key := changeOf(i, 0).Lease
				last, ok := store.Last(key.Key())
				require.True(t, ok && !last.Delete, "lease %d is gone", i)
				require.Equal(t, cltt, last.Lease.CLTT, "lease %d", i)
				source := uint64(0)
				switch {
				case i != 3:
					source = map[int]uint64{1: 1003, 2: 1004, 4: 1005}[i]
				case role == Backup:
					source = lease.Foreign
				}
				require.Equal(t, source, last.Source, "lease %d", i)
			}
		})
	}
}

// A backup that returns without its leases has not lost the primary's: the
// standby does not take them for its own.
func TestEmptyBackupReturns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	standby := side(t, filepath.Join(dir, "standby"))
	c := changeOf(1, 1_700_000_000)
	c.Source = 1003
	require.NoError(t, standby.Commit(t.Context(), c))
	r := newReceiver(standby, receiverOptions{role: Standby, primary: "server1", backup: func(name string) bool { return name == "server3" }})
	w := &wired{to: r, from: "server3"}
	for _, name := range []string{"before", "after"} {
		backup := side(t, filepath.Join(dir, name))
		require.NoError(t, backup.Commit(t.Context(), c))
		followUp(t, backup, w, r, lease.Position{})
	}
	last, ok := standby.Last(c.Lease.Key())
	require.True(t, ok)
	require.Equal(t, uint64(1003), last.Source)
}

// The lease of one server, which the other reclaims: its time stays, and a
// backup that hears of both by two streams ends with what came last, whichever
// it hears of first.
func TestBackupHearsOfReclamation(t *testing.T) {
	for _, first := range []bool{true, false} { // the primary's is the lease
		given := changeOf(1, 1_700_000_000)
		reclaimed := given
		reclaimed.Lease.State = lease.ExpiredReclaimed
		given.Lease.Hostname, given.Lease.FQDNFwd = "client1", true
		for _, off := range []int64{0, 1} { // clocks that were compared
			reclaimed.Lease.CLTT = given.Lease.CLTT + off
			c := conflict{role: Backup, theirs: reclaimed, ours: given, first: !first, skewed: off != 0}
			require.Equal(t, takeIt, judge(&c))
			c = conflict{role: Backup, theirs: given, ours: reclaimed, first: first, skewed: off != 0}
			require.Equal(t, leaveIt, judge(&c))
		}
		renewed := given
		renewed.Lease.CLTT += 10
		reclaimed.Lease.CLTT = given.Lease.CLTT
		require.Equal(t, leaveIt, judge(&conflict{role: Backup, theirs: reclaimed, ours: renewed, first: !first}))
		require.Equal(t, takeIt, judge(&conflict{role: Backup, theirs: renewed, ours: reclaimed, first: first}))
	}
}

// A server loses what it has told a backup already: the copy of its file that was
// put back is older. The backup keeps what it has, and the server gets it back.
func TestBackupGivesBack(t *testing.T) {
	t.Parallel()
	const before, lost, after = 1_700_000_000, 1_700_000_100, 1_700_000_200
	for _, server := range []string{"server1", "server2"} { // the primary, another one
		t.Run(server, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			isBackup := func(name string) bool { return name == "server3" }
			r := newReceiver(side(t, filepath.Join(dir, "backup")), receiverOptions{role: Backup, primary: "server1", backup: isBackup})
			tell := &wired{to: r, from: server}
			path, kept := filepath.Join(dir, "server"), filepath.Join(dir, "kept")
			store, err := lease.Open(path, nil)
			require.NoError(t, err)
			require.NoError(t, store.Commit(t.Context(), changeOf(1, before), changeOf(2, before), changeOf(4, before)))
			followUp(t, store, tell, r, lease.Position{})
			file, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(kept, file, 0o600))
			declined, released := changeOf(1, lost), changeOf(2, lost)
			declined.Lease.State, released.Delete = lease.Declined, true
			require.NoError(t, store.Commit(t.Context(), declined, released, changeOf(3, lost), changeOf(4, lost)))
			followUp(t, store, tell, r, lease.Position{})
			require.NoError(t, store.Close())

			store = side(t, kept)
			require.NoError(t, store.Commit(t.Context(), changeOf(4, after)))
			followUp(t, store, tell, r, lease.Position{})
			active := newReceiver(store, receiverOptions{role: Primary, primary: "server1", backup: isBackup})
			followUp(t, r.store, &wired{to: active, from: "server3"}, active, lease.Position{})
			followUp(t, store, tell, r, lease.Position{})
			for name, s := range map[string]*lease.Store{"server": store, "backup": r.store} {
				last := func(i int) lease.Change {
					l := changeOf(i, 0).Lease
					c, ok := s.Last(l.Key())
					require.True(t, ok, "%s, lease %d", name, i)
					return c
				}
				require.Equal(t, lease.Declined, last(1).Lease.State, name)
				require.True(t, last(2).Delete, name)
				require.Equal(t, int64(lost), last(3).Lease.CLTT, name)
				require.Equal(t, int64(after), last(4).Lease.CLTT, name)
			}
		})
	}
}
