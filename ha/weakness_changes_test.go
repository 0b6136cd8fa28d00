package ha

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/memnet"
	"github.com/dhcpha/dhcpha/lease"
)

var bothModes = []Mode{HotStandby, LoadBalancing}

// inEachMode runs a test with a pair of this kind in each mode.
func inEachMode(t *testing.T, test func(t *testing.T, a, b *node), change ...func(*Config)) {
	t.Helper()
	for _, mode := range bothModes {
		t.Run(string(mode), func(t *testing.T) {
			pairTest(t, mode, func(a, b *node) { test(a.t, a, b) }, change...)
		})
	}
}

// mine returns the clients that belong to server1 (0) or, in load-balancing, to
// server2 (1).
func mine(d *node, server int) (clients []byte) {
	r := d.relationships[0]
	for i := range 256 {
		if owner, ok := r.split.owner(nil, []byte{2, 0, 0, 0, 0, byte(i)}); ok && owner == server {
			clients = append(clients, byte(i))
		}
	}
	return clients
}

// A change that the partner has not confirmed is on this server's disk all the
// same. The client that asks again with nothing to change must not be answered
// because of that: the partner does not have the lease yet.
func TestUnconfirmedLeaseIsNotAnsweredOnRepetition(t *testing.T) {
	inEachMode(t, func(t *testing.T, a, b *node) {
		normal(a, b)
		l := lease.Change{Lease: leaseOf("192.0.2.7", mine(a, 0)[0])}
		apart(a, b, memnet.Stalls)
		for try := range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			require.Error(t, a.Commit(ctx, l), "try %d", try)
			cancel()
			_, ok := b.has("192.0.2.7")
			require.False(t, ok)
		}
		done := make(chan error)
		go func() { done <- a.Commit(t.Context(), l) }()
		synctest.Wait()
		require.Empty(t, done)
		apart(a, b, memnet.Arrives)
		require.NoError(t, <-done)
		_, ok := b.has("192.0.2.7")
		require.True(t, ok)
		require.Equal(t, []State{normalIn(a.cfgs[0].Mode)}, a.seen()[len(a.seen())-1:])
	})
}

// A release, a decline or a removal that does not reach the partner is not
// repeated by the client: the server sends it again until it does.
func TestWhatNoClientRepeatsIsSentAgain(t *testing.T) {
	inEachMode(t, func(t *testing.T, a, b *node) {
		normal(a, b)
		for i := range 4 {
			require.NoError(t, a.give(fmt.Sprintf("192.0.2.%d", i), byte(i)))
		}
		a.net.SetCut(true)
		time.Sleep(time.Second)
		require.Error(t, a.release("192.0.2.1"), "in normal operation it is waited for")
		require.NoError(t, a.alter("192.0.2.2", func(l *lease.Lease) { l.State, l.HWAddr = lease.Declined, nil }))
		require.NoError(t, a.remove("192.0.2.3"))
		require.NotEqual(t, a.leases(), b.leases())
		a.net.SetCut(false)
		equal(a, b)
		require.Len(t, b.leases(), 3)
	})
}

// Releases and removals during an outage, however it came about, are so at both
// servers afterwards; what was removed does not come back.
func TestReleasesAndRemovalsSurviveOutages(t *testing.T) {
	for name, outage := range map[string]struct{ begin, end func(a, b *node) }{
		"stopped":     {func(a, b *node) { a.end() }, func(a, b *node) { a.start() }},
		"killed":      {func(a, b *node) { a.kill(b) }, func(a, b *node) { a.revive(b) }},
		"partitioned": {func(a, b *node) { apart(a, b, memnet.Vanishes) }, func(a, b *node) { apart(a, b, memnet.Arrives) }},
		"stalled":     {func(a, b *node) { apart(a, b, memnet.Stalls) }, func(a, b *node) { apart(a, b, memnet.Arrives) }},
		"one way":     {func(a, b *node) { a.net.Set(a.host(), b.host(), memnet.Vanishes) }, func(a, b *node) { a.net.Set(a.host(), b.host(), memnet.Arrives) }},
	} {
		t.Run(name, func(t *testing.T) {
			inEachMode(t, func(t *testing.T, a, b *node) {
				normal(a, b)
				for i := range 8 {
					require.NoError(t, a.give(fmt.Sprintf("192.0.2.%d", i), byte(i)))
				}
				outage.begin(a, b)
				time.Sleep(30 * time.Second)
				require.Equal(t, StatePartnerDown, b.state())
				require.NoError(t, b.release("192.0.2.1"))
				require.NoError(t, b.remove("192.0.2.2"))
				require.NoError(t, b.give("192.0.2.9", 9))
				require.Len(t, b.leases(), 8)
				outage.end(a, b)
				equal(a, b)
				require.Len(t, a.leases(), 8)
				_, ok := a.has("192.0.2.2")
				require.False(t, ok)
				l, _ := a.store.Lookup(keyOf("192.0.2.1"))
				require.Equal(t, lease.Released, l.State)
			}, func(c *Config) { c.MaxUnackedClients = new(uint32(0)) })
		})
	}
}

// What was queued during an outage is older than what the partner has given out
// since: it does not replace it. Of changes on their way at the same time the
// last wins.
func TestOldUpdatesDoNotReplaceNewerOnes(t *testing.T) {
	inEachMode(t, func(t *testing.T, a, b *node) {
		normal(a, b)
		for i, pair := range [][2]*node{{a, b}, {b, a}} {
			older, newer := pair[0], pair[1]
			renewed, released := fmt.Sprintf("192.0.2.%d", 10+i), fmt.Sprintf("192.0.2.%d", 20+i)
			apart(a, b, memnet.Vanishes)
			time.Sleep(6 * time.Second)
			for _, addr := range []string{renewed, released} {
				require.NoError(t, older.give(addr, 7))
			}
			time.Sleep(10 * time.Second)
			require.NoError(t, newer.alterNew(renewed, 7, func(l *lease.Lease) { l.ValidLft = 7200 }))
			require.NoError(t, newer.alterNew(released, 7, func(l *lease.Lease) { l.State = lease.Released }))
			want := newer.leases()
			apart(a, b, memnet.Arrives)
			equal(a, b)
			require.Equal(t, want, older.leases())
		}

		// Many of one lease at once, over a slow network.
		a.net.SetLatency(func() time.Duration { return 30 * time.Millisecond })
		var group sync.WaitGroup
		for i := range 50 {
			group.Go(func() {
				time.Sleep(time.Duration(i) * 7 * time.Millisecond)
				l := leaseOf("192.0.2.3", 7)
				l.ValidLft = 1000 + uint32(i)
				require.NoError(t, a.Commit(t.Context(), lease.Change{Lease: l}))
			})
		}
		group.Wait()
		equal(a, b)
		l, _ := b.store.Lookup(keyOf("192.0.2.3"))
		require.EqualValues(t, 1049, l.ValidLft)
	}, func(c *Config) { c.MaxUnackedClients = new(uint32(0)) })
}

func (d *node) alterNew(addr string, client byte, change func(*lease.Lease)) error {
	l := leaseOf(addr, client)
	change(&l)
	return d.Commit(context.Background(), lease.Change{Lease: l})
}

// Several changes of one lease at a time are not refused as busy; and when both
// servers give the same addresses to different clients at once, one of each two
// is told that it has not got it, and the pair goes on.
func TestConflictConcernsItsLeaseOnly(t *testing.T) {
	pairTest(t, LoadBalancing, func(a, b *node) {
		t := a.t
		normal(a, b)
		a.net.SetLatency(func() time.Duration { return 20 * time.Millisecond })
		var group sync.WaitGroup
		for i := range 20 {
			group.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				require.NoError(t, a.give("192.0.2.200", 200))
			})
		}
		const addresses = 50
		var won [addresses][2]error
		for i := range addresses {
			addr := fmt.Sprintf("192.0.2.%d", i)
			group.Go(func() { won[i][0] = a.give(addr, byte(i)) })
			group.Go(func() { won[i][1] = b.give(addr, byte(100+i)) })
		}
		group.Wait()
		equal(a, b)
		for i, err := range won {
			require.False(t, err[0] == nil && err[1] == nil, "192.0.2.%d was acknowledged to two clients", i)
			who, ok := a.has(fmt.Sprintf("192.0.2.%d", i))
			require.True(t, ok)
			if err[0] == nil {
				require.EqualValues(t, i, who)
			}
			if err[1] == nil {
				require.EqualValues(t, 100+i, who)
			}
		}
		for _, d := range []*node{a, b} {
			require.Equal(t, StateLoadBalancing, d.state())
			require.NotContains(t, d.seen(), StateTerminated)
			require.NotContains(t, d.seen(), StateCommunicationRecovery)
		}
		require.NoError(t, a.give("192.0.2.201", 201))
		require.Equal(t, a.leases(), b.leases())
	}, func(c *Config) { c.MaxRejectedLeaseUpdates = new(uint32(10)) })
}

// A change whose client has given up, or whose reply was dropped, is replicated
// like any other.
func TestChangeWithoutReplyIsReplicated(t *testing.T) {
	inEachMode(t, func(t *testing.T, a, b *node) {
		normal(a, b)
		a.net.SetLatency(func() time.Duration { return 50 * time.Millisecond })
		for i := range 20 {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			require.Error(t, a.Commit(ctx, lease.Change{Lease: leaseOf(fmt.Sprintf("192.0.2.%d", i), byte(i))}))
			cancel()
		}
		time.Sleep(time.Second)
		equal(a, b)
		require.Len(t, b.leases(), 20)
	})
}

// A lease is in the file, here and at the partner, before its client is told:
// both servers may lose power at any time afterwards.
func TestAcknowledgedLeaseIsOnBothDisks(t *testing.T) {
	inEachMode(t, func(t *testing.T, a, b *node) {
		normal(a, b)
		a.net.SetLatency(func() time.Duration { return 3 * time.Millisecond })
		acked := make(map[string]byte)
		var mu sync.Mutex
		var group sync.WaitGroup
		running := a.Service
		for i := range 200 {
			group.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				addr := fmt.Sprintf("192.0.2.%d", i)
				if running.Commit(t.Context(), lease.Change{Lease: leaseOf(addr, byte(i))}) == nil {
					mu.Lock()
					defer mu.Unlock()
					acked[addr] = byte(i)
				}
			})
		}
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		mu.Lock()
		promised := maps.Clone(acked)
		mu.Unlock()
		require.Greater(t, len(promised), 50)
		require.Less(t, len(promised), 150)
		a.kill(b)
		b.kill(a)
		for _, d := range []*node{a, b} {
			store, err := lease.Open(d.path, nil)
			require.NoError(t, err)
			for addr, client := range promised {
				l, ok := store.Lookup(keyOf(addr))
				require.True(t, ok && l.HWAddr[5] == client, "%s: %s", d.cfgs[0].ThisServerName, addr)
			}
			require.NoError(t, store.Close())
		}
		group.Wait()
		a.revive(b)
		b.revive(a)
		equal(a, b)
	})
}

// A request that was given up, and that the network delivers nevertheless once
// a partition has healed, changes nothing: the released lease stays released,
// the newer one keeps its end.
func TestAbandonedRequestDeliveredLateIsRefused(t *testing.T) {
	inEachMode(t, func(t *testing.T, a, b *node) {
		normal(a, b)
		apart(a, b, memnet.Stalls)
		require.Error(t, a.Commit(t.Context(), lease.Change{Lease: leaseOf("192.0.2.1", 7)}, lease.Change{Lease: leaseOf("192.0.2.2", 7)}))
		time.Sleep(20 * time.Second)
		require.Equal(t, StatePartnerDown, b.state())
		require.NoError(t, b.alterNew("192.0.2.1", 7, func(l *lease.Lease) { l.State = lease.Released }))
		require.NoError(t, b.alterNew("192.0.2.2", 7, func(l *lease.Lease) { l.ValidLft = 7200 }))
		want := b.leases()
		apart(a, b, memnet.Arrives)
		for range 100 {
			synctest.Wait()
			require.Equal(t, want, b.leases())
			time.Sleep(100 * time.Millisecond)
		}
		equal(a, b)
		require.Equal(t, want, a.leases())
		require.False(t, slices.Contains(b.seen(), StateTerminated))
	}, func(c *Config) { c.MaxUnackedClients = new(uint32(0)) })
}
