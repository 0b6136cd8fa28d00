// Package leasetest tests implementations of lease.Committer.
//
//	func TestMyCommitter(t *testing.T) {
//		leasetest.TestCommitter(t, func(t *testing.T) (lease.Committer, *lease.Store) {
//			store := ... // in a t.TempDir(), closed by t.Cleanup
//			return NewMyCommitter(store), store
//		})
//	}
package leasetest

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"

	"github.com/dhcpha/dhcpha/lease"
)

// TestCommitter tells whether a Committer keeps the contract that is written at
// lease.Committer. Each part of the test calls open for a new Committer and the
// store it puts leases into, which is empty.
func TestCommitter(t *testing.T, open func(t *testing.T) (lease.Committer, *lease.Store)) {
	for _, part := range []struct {
		name string
		test func(*testing.T, lease.Committer, *lease.Store)
	}{
		{"Stored", stored},
		{"Together", together},
		{"Conflict", conflict},
		{"InOrder", inOrder},
		{"Nothing", nothing},
		{"OneWins", oneWins},
		{"ManyAtOnce", manyAtOnce},
		{"ContextEnded", contextEnded},
		{"KeepsNothing", keepsNothing},
		{"KeepsSources", keepsSources},
		{"RemovalTimes", removalTimes},
	} {
		t.Run(part.name, func(t *testing.T) {
			committer, store := open(t)
			part.test(t, committer, store)
		})
	}
}

func leaseOf(n int) lease.Lease {
	hw := []byte{2, 0, 0, 0, byte(n >> 8), byte(n)}
	return lease.Lease{
		Type: lease.V4, Addr: netip.AddrFrom4([4]byte{192, 0, byte(n >> 8), byte(n)}),
		HWAddr: hw, ClientID: append([]byte{1}, hw...), SubnetID: 1,
		CLTT: 1_700_000_000, ValidLft: 3600,
	}
}

func lookup(s *lease.Store, n int) (lease.Lease, bool) {
	l := leaseOf(n)
	return s.Lookup(l.Key())
}

func commit(t *testing.T, c lease.Committer, changes ...lease.Change) {
	t.Helper()
	if err := c.Commit(t.Context(), changes...); err != nil {
		t.Fatalf("Commit of changes with nothing against them returned an error: %v", err)
	}
}

func stored(t *testing.T, c lease.Committer, s *lease.Store) {
	commit(t, c, lease.Change{Lease: leaseOf(1)})
	if l, ok := lookup(s, 1); !ok || l.CLTT != leaseOf(1).CLTT {
		t.Errorf("Commit returned nil, but the store has not got the lease; nil means that it is durable")
	}
	commit(t, c, lease.Change{Lease: leaseOf(1), Delete: true})
	if _, ok := lookup(s, 1); ok {
		t.Errorf("Commit of a removal returned nil, but the store still has the lease")
	}
}

func together(t *testing.T, c lease.Committer, s *lease.Store) {
	commit(t, c, lease.Change{Lease: leaseOf(1)})
	err := c.Commit(t.Context(),
		lease.Change{Lease: leaseOf(2)},
		lease.Change{Lease: leaseOf(1), If: lease.Absent},
		lease.Change{Lease: leaseOf(3)})
	if err == nil {
		t.Errorf("Commit returned nil although one of its changes could not be made")
	}
	for _, n := range []int{2, 3} {
		if _, ok := lookup(s, n); ok {
			t.Errorf("Commit made one change of three; they are to be made together or not at all")
		}
	}
}

func conflict(t *testing.T, c lease.Committer, s *lease.Store) {
	commit(t, c, lease.Change{Lease: leaseOf(1), If: lease.Absent})
	l, _ := lookup(s, 1)
	for name, ch := range map[string]lease.Change{
		"Absent, of a lease that is there":           {Lease: leaseOf(1), If: lease.Absent},
		"a revision, of a lease that is not there":   {Lease: leaseOf(2), If: 1},
		"another revision than that of the lease":    {Lease: leaseOf(1), If: l.Revision + 1},
		"another revision, of a lease to be removed": {Lease: leaseOf(1), If: l.Revision + 1, Delete: true},
	} {
		if err := c.Commit(t.Context(), ch); !errors.Is(err, lease.ErrConflict) {
			t.Errorf("Commit with If %s returned %v, which is no ErrConflict", name, err)
		}
	}
	commit(t, c, lease.Change{Lease: leaseOf(1), If: l.Revision})
	if now, _ := lookup(s, 1); now.Revision <= l.Revision {
		t.Errorf("a change did not raise the lease's revision")
	}
}

func inOrder(t *testing.T, c lease.Committer, s *lease.Store) {
	first, second := leaseOf(1), leaseOf(1)
	first.PoolID, second.PoolID = 1, 2
	commit(t, c, lease.Change{Lease: first}, lease.Change{Lease: first, Delete: true},
		lease.Change{Lease: second, If: lease.Absent})
	if l, _ := lookup(s, 1); l.PoolID != 2 {
		t.Errorf("changes of one lease in one Commit were not made in their order")
	}
}

func nothing(t *testing.T, c lease.Committer, s *lease.Store) {
	if err := c.Commit(t.Context()); err != nil {
		t.Errorf("Commit of no changes returned an error: %v", err)
	}
	if err := c.Commit(t.Context(), lease.Change{Lease: leaseOf(1), Delete: true}); err != nil {
		t.Errorf("removing a lease that is not there returned an error: %v", err)
	}
	if rev := s.Revision(); rev != 0 {
		t.Errorf("nothing was changed, yet the store is at revision %d", rev)
	}
}

func oneWins(t *testing.T, c lease.Committer, s *lease.Store) {
	const rivals = 32
	results := make([]error, rivals)
	var wg sync.WaitGroup
	for n := range rivals {
		wg.Go(func() {
			l := leaseOf(1)
			l.PoolID = uint32(n)
			results[n] = c.Commit(t.Context(), lease.Change{Lease: l, If: lease.Absent})
		})
	}
	wg.Wait()
	winners := 0
	for n, err := range results {
		switch {
		case err == nil:
			winners++
			if l, _ := lookup(s, 1); l.PoolID != uint32(n) {
				t.Errorf("the address was acknowledged to one and given to another")
			}
		case !errors.Is(err, lease.ErrConflict):
			t.Errorf("a rival for an address got %v, which is no ErrConflict", err)
		}
	}
	if winners != 1 {
		t.Errorf("%d of %d rivals got the same address", winners, rivals)
	}
}

func manyAtOnce(t *testing.T, c lease.Committer, s *lease.Store) {
	const goroutines, each = 16, 20
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for n := range each {
				if err := c.Commit(t.Context(), lease.Change{Lease: leaseOf(g*each + n)}); err != nil {
					t.Errorf("one of many Commits at the same time failed: %v", err)
				} else if _, ok := lookup(s, g*each+n); !ok {
					t.Errorf("one of many Commits at the same time returned nil without the lease in the store")
				}
			}
		})
	}
	wg.Wait()
}

func contextEnded(t *testing.T, c lease.Committer, s *lease.Store) {
	cause := fmt.Errorf("the client has gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if err := c.Commit(ctx, lease.Change{Lease: leaseOf(1)}); !errors.Is(err, cause) {
		t.Errorf("Commit with a context that has ended returned %v, which is not the context's cause", err)
	}
	commit(t, c, lease.Change{Lease: leaseOf(2)})
}

func keepsNothing(t *testing.T, c lease.Committer, s *lease.Store) {
	l := leaseOf(1)
	commit(t, c, lease.Change{Lease: l})
	clear(l.HWAddr)
	clear(l.ClientID)
	if len(s.ByHWAddr(leaseOf(1).HWAddr)) != 1 || len(s.ByClientID(leaseOf(1).ClientID)) != 1 {
		t.Errorf("a lease in the store changed when the caller used its own memory again")
	}
}

func keepsSources(t *testing.T, c lease.Committer, s *lease.Store) {
	removed := leaseOf(3)
	removed.CLTT += 100
	commit(t, c, lease.Change{Lease: removed})
	for _, ch := range []lease.Change{
		{Lease: leaseOf(1), Source: 7},
		{Lease: leaseOf(2), Source: lease.Foreign},
		{Lease: removed, Source: lease.Foreign, Delete: true},
	} {
		commit(t, c, ch)
		last, ok := s.Last(ch.Lease.Key())
		if !ok || last.Source != ch.Source || last.Delete != ch.Delete {
			t.Errorf("a change with Source %d is in the store with %d; what comes from elsewhere must stay known as such", ch.Source, last.Source)
		}
	}
}

func removalTimes(t *testing.T, c lease.Committer, s *lease.Store) {
	decided := leaseOf(1)
	decided.CLTT += 50
	commit(t, c, lease.Change{Lease: leaseOf(1)}, lease.Change{Lease: leaseOf(2)})
	commit(t, c, lease.Change{Lease: decided, Delete: true}, lease.Removal(leaseOf(2)))
	if last, _ := s.Last(decided.Key()); last.Lease.CLTT != decided.CLTT {
		t.Errorf("a removal of the time %d is in the store with %d", decided.CLTT, last.Lease.CLTT)
	}
	l := leaseOf(2)
	if last, _ := s.Last(l.Key()); last.Lease.CLTT < l.CLTT {
		t.Errorf("a removal without a time is in the store with %d, which is before the lease", last.Lease.CLTT)
	}
}
