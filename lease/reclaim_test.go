package lease

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// committer makes a fakeSource a Committer that counts revisions.
type committer struct {
	*fakeSource
	revision uint64
	before   func(changes []Change) error
	told     []Lease // what the Reclaimer told
	log      bytes.Buffer
}

// Write takes log lines.
func (c *committer) Write(line []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.log.Write(line)
}

func (c *committer) logged() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.log.String()
}

// wasTold returns what has been told so far.
func (c *committer) wasTold() []Lease {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.told)
}

// hook sets what is called before each Commit.
func (c *committer) hook(fn func([]Change) error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.before = fn
}

func (c *committer) Commit(_ context.Context, changes ...Change) error {
	c.mu.Lock()
	before := c.before
	c.mu.Unlock()
	if before != nil {
		if err := before(changes); err != nil {
			return err
		}
	}
	for _, x := range changes {
		if x.If != 0 && x.If != c.get(x.Lease.Key()).Revision {
			return ErrConflict
		}
	}
	for _, x := range changes {
		if x.Delete {
			c.remove(x.Lease.Key())
			continue
		}
		c.revision++
		x.Lease.Revision = c.revision
		c.put(x.Lease)
	}
	return nil
}

// reclaiming runs body while leases are reclaimed.
func reclaiming(t *testing.T, p ReclaimParams, body func(c *committer)) {
	t.Helper()
	reclaimingOwned(t, p, nil, body)
}

func reclaimingOwned(t *testing.T, p ReclaimParams, owned func(Lease) bool, body func(c *committer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := &committer{fakeSource: &fakeSource{leases: map[Key]Lease{}}}
		run := newReclaimRun(c, Reclaimer{
			Committer: c, Params: p, Owned: owned,
			Logger: slog.New(slog.NewTextHandler(c, nil)),
			Reclaimed: func(l Lease) {
				c.mu.Lock()
				defer c.mu.Unlock()
				c.told = append(c.told, l)
			},
		})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- run.run(ctx) }()
		synctest.Wait()
		body(c)
		cancel()
		require.NoError(t, <-ended)
	})
}

func mustPut(t *testing.T, c *committer, l Lease) Lease {
	t.Helper()
	require.NoError(t, c.Commit(t.Context(), Change{Lease: l}))
	return c.get(l.Key())
}

func settle(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestExpiredLeaseIsReclaimedKeptAndRemoved(t *testing.T) {
	t.Parallel()
	reclaiming(t, DefaultReclaimParams(), func(c *committer) {
		l := v4lease("192.0.2.1", 15)
		l.Hostname, l.FQDNFwd, l.ClientID = "alpha", true, []byte{1, 2}
		l = mustPut(t, c, l)
		settle(19 * time.Second)
		require.Equal(t, l, c.get(l.Key()), "not before the cycle after its end")
		settle(time.Second)
		got := c.get(l.Key())
		require.Equal(t, ExpiredReclaimed, got.State)
		require.Empty(t, got.Hostname)
		require.False(t, got.FQDNFwd)
		require.Equal(t, l.ClientID, got.ClientID)
		require.Equal(t, []Lease{l}, c.wasTold())

		settle(time.Hour - 10*time.Second) // 3610 s: it ended 3595 s ago
		require.Equal(t, 1, c.len())
		settle(25 * time.Second)
		require.Zero(t, c.len())
		require.Len(t, c.wasTold(), 1)
	})
}

func TestDeclinedAndRegisteredAreRemovedAtOnce(t *testing.T) {
	t.Parallel()
	reclaiming(t, DefaultReclaimParams(), func(c *committer) {
		for i, st := range []State{Declined, Registered, Released} {
			l := v4lease(fmt.Sprintf("192.0.2.%d", i), 5)
			l.State = st
			mustPut(t, c, l)
		}
		settle(10 * time.Second)
		require.Equal(t, 1, c.len())
		require.Equal(t, ExpiredReclaimed, c.get(Key{V4, addr("192.0.2.2")}).State)
		require.Len(t, c.wasTold(), 3)
		require.Equal(t, Declined, c.wasTold()[0].State)
	})
}

func TestNothingIsKeptIfConfiguredSo(t *testing.T) {
	t.Parallel()
	for _, change := range []func(*ReclaimParams){
		func(p *ReclaimParams) { p.FlushReclaimedTimerWaitTime = 0 },
		func(p *ReclaimParams) { p.HoldReclaimedTime = 0 },
	} {
		p := DefaultReclaimParams()
		change(&p)
		reclaiming(t, p, func(c *committer) {
			mustPut(t, c, v4lease("192.0.2.1", 5))
			settle(10 * time.Second)
			require.Zero(t, c.len())
			require.Len(t, c.wasTold(), 1)
		})
	}
}

func TestReclamationCanBeOff(t *testing.T) {
	t.Parallel()
	p := DefaultReclaimParams()
	p.ReclaimTimerWaitTime = 0
	reclaiming(t, p, func(c *committer) {
		mustPut(t, c, v4lease("192.0.2.1", 5))
		settle(3 * time.Hour)
		require.Equal(t, 1, c.len())
	})
}

func TestCycleIsBounded(t *testing.T) {
	t.Parallel()
	p := DefaultReclaimParams()
	p.MaxReclaimLeases, p.UnwarnedReclaimCycles = 3, 2
	reclaiming(t, p, func(c *committer) {
		for round := range 2 {
			for i := range 10 {
				mustPut(t, c, v4lease(fmt.Sprintf("192.0.2.%d", i), 5))
			}
			for cycle, want := range []int{3, 6, 9, 10, 10} {
				settle(10 * time.Second)
				require.Len(t, c.wasTold(), 10*round+want)
				warnings := round
				if cycle >= 2 { // the third in a row that leaves something behind
					warnings++
				}
				require.Equal(t, warnings, strings.Count(c.logged(), "level=WARN"), "cycle %d", cycle)
			}
		}
	})
}

func TestCycleIsBoundedInTime(t *testing.T) {
	t.Parallel()
	p := DefaultReclaimParams()
	p.MaxReclaimLeases = 0
	reclaiming(t, p, func(c *committer) {
		for i := range 4 * reclaimBatch {
			mustPut(t, c, v4lease(fmt.Sprintf("192.0.%d.%d", i/256, i%256), 5))
		}
		c.hook(func([]Change) error { time.Sleep(200 * time.Millisecond); return nil })
		settle(11 * time.Second)
		require.Len(t, c.wasTold(), 2*reclaimBatch)
		settle(11 * time.Second)
		require.Len(t, c.wasTold(), 4*reclaimBatch)
	})
}

func TestRenewalWins(t *testing.T) {
	t.Parallel()
	reclaiming(t, DefaultReclaimParams(), func(c *committer) {
		for i := range 7 {
			mustPut(t, c, v4lease(fmt.Sprintf("192.0.2.%d", i), 5))
		}
		renewed := Key{V4, addr("192.0.2.4")}
		c.hook(func([]Change) error {
			c.hook(nil)
			return c.Commit(t.Context(), Change{Lease: v4lease("192.0.2.4", 100)})
		})
		settle(10 * time.Second)
		require.Len(t, c.wasTold(), 6)
		require.Equal(t, Assigned, c.get(renewed).State)
		settle(110 * time.Second)
		require.Len(t, c.wasTold(), 7, "and is reclaimed in its own time")
	})
}

func TestFailedReclamationIsTriedAgain(t *testing.T) {
	t.Parallel()
	reclaiming(t, DefaultReclaimParams(), func(c *committer) {
		mustPut(t, c, v4lease("192.0.2.1", 5))
		c.hook(func([]Change) error { return errors.New("disk full") })
		settle(30 * time.Second)
		require.Empty(t, c.wasTold())
		require.Contains(t, c.logged(), "disk full")
		c.hook(nil)
		settle(10 * time.Second)
		require.Len(t, c.wasTold(), 1)
	})
}

// What another server owns is left alone, until it is this one's.
func TestOnlyWhatIsOwnedIsReclaimed(t *testing.T) {
	t.Parallel()
	p := DefaultReclaimParams()
	p.HoldReclaimedTime = time.Minute
	var all atomic.Bool
	owned := func(l Lease) bool { return all.Load() || l.Addr == addr("192.0.2.2") }
	reclaimingOwned(t, p, owned, func(c *committer) {
		foreign, mine := v4lease("192.0.2.1", 5), v4lease("192.0.2.2", 5)
		mustPut(t, c, foreign)
		mustPut(t, c, mine)
		settle(5 * time.Minute)
		require.Equal(t, 1, c.len(), "its own is removed in the end")
		require.Equal(t, Assigned, c.get(foreign.Key()).State)
		require.Len(t, c.wasTold(), 1)
		all.Store(true)
		settle(10 * time.Second)
		require.Len(t, c.wasTold(), 2)
		require.Equal(t, ExpiredReclaimed, c.get(foreign.Key()).State)
		all.Store(false)
		settle(5 * time.Minute)
		require.Equal(t, 1, c.len(), "nor is what is reclaimed removed by another")
	})
}

// To reclaim a lease is no news of its client.
func TestReclamationKeepsTheTime(t *testing.T) {
	t.Parallel()
	p := DefaultReclaimParams()
	p.HoldReclaimedTime = time.Minute
	reclaiming(t, p, func(c *committer) {
		var times []int64
		c.hook(func(changes []Change) error {
			for _, x := range changes {
				times = append(times, x.Lease.CLTT)
			}
			return nil
		})
		l := mustPut(t, c, v4lease("192.0.2.1", 5))
		settle(5 * time.Minute)
		require.Equal(t, []int64{l.CLTT, l.CLTT, l.CLTT}, times, "made, reclaimed, removed")
	})
}

// A partner may send a lease that ended long ago.
func TestLateComerIsReclaimed(t *testing.T) {
	t.Parallel()
	reclaiming(t, DefaultReclaimParams(), func(c *committer) {
		settle(100 * time.Second)
		l := v4lease("192.0.2.1", 5)
		l.CLTT -= 1000
		mustPut(t, c, l)
		settle(10 * time.Second)
		require.Len(t, c.wasTold(), 1)
	})
}

// What has ended before the start is reclaimed, however long ago.
func TestWhatEndedBeforeTheStartIsReclaimed(t *testing.T) {
	t.Parallel()
	c := &committer{fakeSource: &fakeSource{leases: map[Key]Lease{}}}
	first, last := v4lease("192.0.2.1", 1), v4lease("192.0.2.2", 5)
	first.CLTT, first.ValidLft = 0, 0
	last.CLTT = time.Now().Unix() - 10
	mustPut(t, c, first)
	mustPut(t, c, last)
	var told []string
	run := newReclaimRun(c, Reclaimer{
		Committer: c, Params: DefaultReclaimParams(), Logger: slog.New(slog.DiscardHandler),
		Reclaimed: func(l Lease) { told = append(told, l.Addr.String()) },
	})
	run.reclaim(t.Context())
	require.ElementsMatch(t, []string{"192.0.2.1", "192.0.2.2"}, told)
}
