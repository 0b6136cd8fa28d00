package ha

import (
	"context"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/memnet"
	"github.com/dhcpha/dhcpha/lease"
)

// What counts as a conflict, and for whom it was decided.
func TestConflictsByKind(t *testing.T) {
	t.Parallel()
	const then = 1_700_000_000
	whose := func(client byte, cltt int64) lease.Change {
		c := changeOf(1, cltt)
		c.Lease.ClientID, c.Lease.HWAddr = nil, []byte{2, 0, 0, 0, 0, client}
		return c
	}
	altered := func(c lease.Change, alter func(*lease.Lease)) lease.Change {
		alter(&c.Lease)
		return c
	}
	association := func(iaid uint32) func(*lease.Lease) {
		return func(l *lease.Lease) {
			l.Type, l.Addr, l.ClientID, l.IAID = lease.NA, netip.MustParseAddr("2001:db8::1"), []byte{0, 1, 2, 3}, iaid
		}
	}
	for name, tt := range map[string]struct {
		role         Role
		ours, theirs lease.Change
		told, weTold bool
		knew         bool
		hub          bool // there are other relationships
		want         Conflicts
	}{
		"standby: newer":             {role: Standby, ours: whose(1, then), theirs: whose(2, then+1), want: Conflicts{Taken: 1}},
		"standby: older":             {role: Standby, ours: whose(1, then), theirs: whose(2, then-1), want: Conflicts{Kept: 1}},
		"primary: newer":             {role: Primary, ours: whose(1, then), theirs: whose(2, then+1), want: Conflicts{Taken: 1}},
		"primary: older":             {role: Primary, ours: whose(1, then), theirs: whose(2, then-1), want: Conflicts{Kept: 1}},
		"known":                      {role: Primary, ours: whose(1, then), theirs: whose(2, then+1), knew: true},
		"the same":                   {role: Standby, ours: whose(1, then), theirs: whose(1, then)},
		"backup":                     {role: Backup, ours: whose(1, then), theirs: whose(2, then+1)},
		"nothing here":               {role: Standby, theirs: whose(2, then)},
		"nothing here, of a hub":     {role: Primary, theirs: whose(2, then), hub: true},
		"ours was told":              {role: Primary, ours: whose(1, then), theirs: whose(2, then+1), weTold: true, want: Conflicts{Kept: 1}},
		"theirs was told":            {role: Standby, ours: whose(1, then), theirs: whose(2, then-1), told: true, want: Conflicts{Taken: 1}},
		"both were told":             {role: Standby, ours: whose(1, then), theirs: whose(2, then+1), told: true, weTold: true, want: Conflicts{Taken: 1, Shared: 1}},
		"both were told, ours stays": {role: Primary, ours: whose(1, then), theirs: whose(2, then-1), told: true, weTold: true, want: Conflicts{Kept: 1, Shared: 1}},
		"told, the same client":      {role: Primary, ours: whose(1, then), theirs: whose(1, then-1), told: true, weTold: true, want: Conflicts{Kept: 1}},
		"told, after it had expired": {role: Primary, ours: whose(1, then), theirs: whose(2, then+3600), told: true, weTold: true, want: Conflicts{Taken: 1}},
		"told, just before":          {role: Primary, ours: whose(1, then), theirs: whose(2, then+3599), told: true, weTold: true, want: Conflicts{Taken: 1, Shared: 1}},
		"told, one without end": {role: Primary, ours: altered(whose(1, then), func(l *lease.Lease) { l.ValidLft = lease.Infinite }),
			theirs: whose(2, then+9999), told: true, weTold: true, want: Conflicts{Taken: 1, Shared: 1}},
		"told, given back": {role: Primary, ours: altered(whose(1, then), func(l *lease.Lease) { l.State = lease.Released }),
			theirs: whose(2, then+1), told: true, weTold: true, want: Conflicts{Taken: 1}},
		"told, removed": {role: Standby, ours: whose(1, then), theirs: lease.Change{Lease: whose(2, then+1).Lease, Delete: true}, told: true, weTold: true, want: Conflicts{Taken: 1}},
		"told, the same client by another name": {role: Standby, ours: whose(1, then),
			theirs: altered(whose(1, then+1), func(l *lease.Lease) { l.ClientID = []byte{1, 2, 3} }), told: true, weTold: true, want: Conflicts{Taken: 1}},
		"told, the same association": {role: Standby, ours: altered(whose(1, then), association(1)),
			theirs: altered(whose(1, then+1), association(1)), told: true, weTold: true, want: Conflicts{Taken: 1}},
		"told, another association": {role: Standby, ours: altered(whose(1, then), association(1)),
			theirs: altered(whose(1, then+1), association(2)), told: true, weTold: true, want: Conflicts{Taken: 1, Shared: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := side(t, filepath.Join(memoryDir(t), "leases"))
			if tt.ours.Lease.Addr.IsValid() {
				require.NoError(t, store.Commit(t.Context(), tt.ours))
			}
			since := func(on bool) uint64 { return pick[uint64](on, 1, 0) }
			opts := receiverOptions{role: tt.role, primary: "server1", alone: func() uint64 { return since(tt.weTold) }}
			if tt.hub {
				opts.keep = func(*lease.Lease) bool { return true }
			}
			r := newReceiver(store, opts)
			h := &changesHead{server: "server2", to: lease.Position{Epoch: 7, Revision: 2}, alone: since(tt.told)}
			if tt.knew {
				h.seen = store.Position()
			}
			tt.theirs.Lease.Revision = 2
			require.Zero(t, take(t, r, messageOf(h, tt.theirs)).result)
			require.Equal(t, tt.want, r.conflicts.read())

			// It comes again, since the answer was lost.
			require.Equal(t, ctrl.Conflict, take(t, r, messageOf(h, tt.theirs)).result)
			require.Equal(t, tt.want, r.conflicts.read())
		})
	}
}

// A message that is judged again, since the one before has changed something, is
// counted once.
func TestConflictsAreCountedOnce(t *testing.T) {
	t.Parallel()
	const then = 1_700_000_000
	store := side(t, filepath.Join(memoryDir(t), "leases"))
	require.NoError(t, store.Commit(t.Context(), changeOf(1, then), changeOf(2, then)))
	r := newReceiver(store, receiverOptions{role: Primary, primary: "server1"})
	first, second := lease.Position{Epoch: 7, Revision: 2}, lease.Position{Epoch: 7, Revision: 3}
	begin := func(from, to lease.Position, c lease.Change) func() []byte {
		head, rest, err := parseHead(messageOf(&changesHead{server: "server2", from: from, to: to}, c))
		require.NoError(t, err)
		return r.take(t.Context(), head, rest)
	}
	one, other := begin(lease.Position{}, first, changeOf(1, then+1)), begin(first, second, changeOf(2, then-1))
	one()
	other()
	require.Equal(t, second, r.applied("server2"))
	require.Equal(t, Conflicts{Kept: 1, Taken: 1}, r.conflicts.read())
}

// Two servers that have both served all clients say afterwards how many addresses
// two clients have had.
func TestSharedAddressesAreTold(t *testing.T) {
	pairTest(t, HotStandby, func(a, b *node) {
		t := a.t
		normal(a, b)
		require.NotContains(t, a.Status().String(), "conflicts")
		apart(a, b, memnet.Vanishes)
		a.until(StatePartnerDown)
		b.until(StatePartnerDown)
		for addr, clients := range map[string][2]byte{"192.0.2.1": {1, 2}, "192.0.2.2": {3, 3}, "192.0.2.3": {4, 5}} {
			require.NoError(t, a.give(addr, clients[0]))
			time.Sleep(time.Second)
			require.NoError(t, b.give(addr, clients[1]))
		}
		apart(a, b, memnet.Arrives)
		equal(a, b)
		found := 0
		for d, newer := range map[*node]Conflicts{a: {Taken: 3, Shared: 2}, b: {Kept: 3, Shared: 2}} {
			st := d.Status()
			if got := st.Relationships[0].Conflicts; got != (Conflicts{}) {
				require.Equal(t, newer, got)
				require.Contains(t, st.String(), "TWO CLIENTS HAD 2 OF THESE LEASES")
				found++
			}
		}
		require.NotZero(t, found)
	})
}

// An update of a Kea that comes late is told, whatever it is answered.
func TestOutdatedUpdatesAreTold(t *testing.T) {
	pairTest(t, HotStandby, func(a, _ *node) {
		t := a.t
		a.start()
		known := leaseOf("192.0.2.7", 7)
		require.NoError(t, a.store.Commit(t.Context(), lease.Change{Lease: known}))
		update := func(cltt int64) {
			l := known
			l.CLTT = cltt
			answer := a.peerMux(nil, a.subnets).Run(context.Background(), &ctrl.Request{Command: "lease4-update", Arguments: l.AppendUpdate(nil)})
			require.Zero(t, answer.Result, answer.Text)
		}
		update(known.CLTT + 1)
		require.Zero(t, a.Status().Relationships[0].Conflicts)
		update(known.CLTT - 60)
		require.Equal(t, Conflicts{Outdated: 1}, a.Status().Relationships[0].Conflicts)
		require.Contains(t, a.Status().String(), "1 updates came too late")
	})
}

// The lag counts revisions, what waits counts leases.
func TestLagOfAPeer(t *testing.T) {
	pairTest(t, HotStandby, func(a, b *node) {
		t := a.t
		peer := func() PeerStatus { return a.Status().Relationships[0].Peers[0] }
		normal(a, b)
		require.NoError(t, a.give("192.0.2.9", 9))
		require.Zero(t, peer().Lag)
		b.end()
		a.until(StatePartnerDown)
		for range 3 {
			require.NoError(t, a.give("192.0.2.7", 7))
			time.Sleep(time.Second)
		}
		require.NoError(t, a.give("192.0.2.8", 8))
		require.Equal(t, 2, peer().Pending)
		// The oldest change that waits is that of the third revision.
		require.EqualValues(t, 2, peer().Lag)
		b.start()
		equal(a, b)
		require.Zero(t, peer().Lag)
	})
}
