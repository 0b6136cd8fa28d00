package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/conf"
	"github.com/dhcpha/dhcpha/lease"
)

var names = StatNames{
	Packets: PacketNames{Prefix: "pkt6", Received: []string{"unknown", "solicit", "", "request"}, Sent: map[int]string{7: "reply"}},
	Leases:  []LeaseNames{{lease.NA, "nas", "pool"}, {lease.PD, "pds", "pd-pool"}},
	Counted: []string{"failed"},
}

// newCore makes a core with two subnets, the first with pools.
func newCore(t testing.TB, o Options) *Core {
	t.Helper()
	store, err := lease.Open(filepath.Join(t.TempDir(), "leases.db"), nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	c := new(Core)
	c.Init(store, &names, o)
	t.Cleanup(c.Close)
	use(t, c, Settings{Subnets: []ctrl.Subnet{{ID: 1, Prefix: netip.MustParsePrefix("2001:db8::/64")}, {ID: 2}}},
		lease.PoolSpec{ID: 5, SubnetID: 1, First: addrOf(0x10), Last: addrOf(0x13)},
		lease.PoolSpec{ID: 5, SubnetID: 1, First: addrOf(0x20), Last: addrOf(0x23)},
		lease.PoolSpec{SubnetID: 1, First: addrOf(0x30), Last: addrOf(0x30)},
		lease.PoolSpec{ID: 5, SubnetID: 1, Prefix: netip.MustParsePrefix("2001:db8:8000::/48"), DelegatedLen: 56},
	)
	return c
}

func use(t testing.TB, c *Core, s Settings, pools ...lease.PoolSpec) {
	t.Helper()
	_, err := c.SetPools(pools)
	require.NoError(t, err)
	c.Use(s)
}

func addrOf(n byte) netip.Addr {
	a := netip.MustParseAddr("2001:db8::").As16()
	a[15] = n
	return netip.AddrFrom16(a)
}

// of is a lease of a client.
func of(client byte, addr netip.Addr) lease.Lease {
	return lease.Lease{
		Type: lease.NA, Addr: addr, ClientID: []byte{0, 3, client}, IAID: 1, SubnetID: 1,
		CLTT: time.Now().Unix(), ValidLft: 100, PreferredLft: 50,
	}
}

func (c *Core) value(name string) int64 { return c.Stats.All.Stat(name).Value() }

// query is a query of a client whose answer is a function.
type query struct {
	client string
	answer func(try int) (*int, error)
	tries  int
}

func (q *query) Client() slog.LogValuer { return LoggedDUID(lease.Client{ID: []byte(q.client)}) }
func (q *query) Type() fmt.Stringer     { return lease.NA }
func (q *query) Begin() string          { return q.client }
func (q *query) Answer(context.Context) (*int, error) {
	q.tries++
	return q.answer(q.tries)
}

func TestServe(t *testing.T) {
	t.Parallel()
	conflict, other := fmt.Errorf("lease: %w", lease.ErrConflict), errors.New("disk full")
	for _, c := range []struct {
		name    string
		client  string
		answer  func(try int) (*int, error)
		want    *int
		err     error
		tries   int
		dropped int64
	}{
		{"answered", "a", func(int) (*int, error) { return new(7), nil }, new(7), nil, 1, 0},
		{"silence", "a", func(int) (*int, error) { return nil, nil }, nil, nil, 1, 0},
		{"not answered", "", nil, nil, nil, 0, 0},
		{"failed", "a", func(int) (*int, error) { return nil, other }, nil, other, 1, 1},
		{"changed meanwhile", "a", func(try int) (*int, error) {
			if try < 3 {
				return nil, conflict
			}
			return new(try), nil
		}, new(3), nil, 3, 0},
		{"kept changing", "a", func(int) (*int, error) { return nil, conflict }, nil, nil, MaxTries, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			core := newCore(t, Options{})
			q := &query{client: c.client, answer: c.answer}
			reply, err := Serve[int](t.Context(), core, q)
			require.Equal(t, c.want, reply)
			require.ErrorIs(t, err, c.err)
			require.Equal(t, c.tries, q.tries)
			require.Equal(t, c.dropped, core.value("pkt6-receive-drop"))
			require.Zero(t, core.Turns.Len())
		})
	}
}

func TestServeInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCore(t, Options{})
		release, err := c.Turns.Take(t.Context(), "a")
		require.NoError(t, err)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = Serve[int](ended, c, &query{client: "a"})
		require.ErrorIs(t, err, context.Canceled)

		passed := make(chan struct{}, MaxTurns)
		for range MaxTurns - 1 {
			go Serve[int](t.Context(), c, &query{client: "a", answer: func(int) (*int, error) {
				passed <- struct{}{}
				return nil, nil
			}})
		}
		synctest.Wait()
		require.Empty(t, passed)
		reply, err := Serve[int](t.Context(), c, &query{client: "a"})
		require.NoError(t, err)
		require.Nil(t, reply, "too many at a time")
		require.EqualValues(t, 2, c.value("pkt6-receive-drop"))
		release()
		synctest.Wait()
		require.Len(t, passed, MaxTurns-1)
	})
}

func TestServeDisabled(t *testing.T) {
	t.Parallel()
	service := new(ctrl.Service)
	c := newCore(t, Options{Service: service})
	service.Disable(ctrl.OriginUser, 0)
	q := &query{client: "a", answer: func(int) (*int, error) { return new(1), nil }}
	reply, err := Serve[int](t.Context(), c, q)
	require.NoError(t, err)
	require.Nil(t, reply)
	require.EqualValues(t, 1, c.value("pkt6-service-disabled"))
	require.EqualValues(t, 1, c.value("pkt6-receive-drop"))
	service.Enable(ctrl.OriginUser)
	reply, err = Serve[int](t.Context(), c, q)
	require.NoError(t, err)
	require.NotNil(t, reply)
}

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

func TestStatistics(t *testing.T) {
	t.Parallel()
	c := newCore(t, Options{})
	give := func(l lease.Lease) {
		t.Helper()
		require.NoError(t, c.Store.Commit(t.Context(), lease.Change{Lease: l}))
		c.Stats.Assigned(&l)
	}
	prefix := of(1, netip.MustParseAddr("2001:db8:8000:100::"))
	prefix.Type, prefix.PrefixLen = lease.PD, 56
	declined, outside, registered := of(3, addrOf(0x20)), of(4, addrOf(0x99)), of(5, addrOf(0x98))
	declined.State, registered.State = lease.Declined, lease.Registered
	for _, l := range []lease.Lease{of(1, addrOf(0x10)), of(2, addrOf(0x30)), prefix, declined, outside, registered} {
		give(l)
	}
	c.Stats.Count("failed", 1)
	c.Stats.Count("failed", 0)
	c.Stats.Count("failed", 77)
	c.Stats.reclaimed(prefix)
	c.Stats.reclaimed(declined)
	c.Stats.Received(3)
	c.Stats.Received(2)
	c.Stats.Received(200)
	c.Stats.Sent(7)
	c.Stats.Sent(2)
	for name, want := range map[string]int64{
		"assigned-nas": 4, "assigned-pds": 1, "declined-addresses": 1, "registered-nas": 1,
		"cumulative-assigned-nas": 5, "cumulative-assigned-pds": 1, "reclaimed-leases": 2, "reclaimed-declined-addresses": 1,
		"failed": 3, "subnet[1].failed": 1, "subnet[2].failed": 0,
		"subnet[1].total-nas": 9, "subnet[1].assigned-nas": 4, "subnet[1].declined-addresses": 1, "subnet[1].registered-nas": 1,
		"subnet[1].total-pds": 256, "subnet[1].assigned-pds": 1, "subnet[1].reclaimed-leases": 2,
		"subnet[1].cumulative-assigned-nas": 5, "subnet[1].cumulative-assigned-pds": 1,
		"subnet[2].total-nas": 0, "subnet[2].assigned-nas": 0, "subnet[2].total-pds": 0,
		"subnet[1].pool[5].total-nas": 8, "subnet[1].pool[5].assigned-nas": 2, "subnet[1].pool[5].declined-addresses": 1,
		"subnet[1].pool[5].cumulative-assigned-nas": 2, "subnet[1].pool[5].reclaimed-leases": 1, "subnet[1].pool[5].reclaimed-declined-addresses": 1,
		"subnet[1].pool[0].total-nas": 1, "subnet[1].pool[0].assigned-nas": 1, "subnet[1].pool[0].cumulative-assigned-nas": 1, "subnet[1].pool[0].reclaimed-leases": 0,
		"subnet[1].pd-pool[5].total-pds": 256, "subnet[1].pd-pool[5].assigned-pds": 1,
		"subnet[1].pd-pool[5].cumulative-assigned-pds": 1, "subnet[1].pd-pool[5].reclaimed-leases": 1,
		"pkt6-received": 3, "pkt6-request-received": 1, "pkt6-unknown-received": 2, "pkt6-sent": 2, "pkt6-reply-sent": 1,
	} {
		require.Equal(t, want, c.value(name), name)
	}
	for _, absent := range []string{"subnet[1].pd-pool[5].declined-addresses", "subnet[1].registered-pds", "subnet[1].pool[5].total-pds"} {
		require.NotContains(t, statNames(t, c), absent)
	}

	use(t, c, Settings{Subnets: []ctrl.Subnet{{ID: 1}}}, lease.PoolSpec{SubnetID: 1, First: addrOf(0x10), Last: addrOf(0x13)})
	require.EqualValues(t, 5, c.value("subnet[1].cumulative-assigned-nas"), "it is the same subnet")
	require.EqualValues(t, 4, c.value("subnet[1].total-nas"))
	require.EqualValues(t, 0, c.value("subnet[1].total-pds"))
	names := statNames(t, c)
	for _, gone := range []string{"subnet[2].total-nas", "subnet[1].pool[5].total-nas", "subnet[1].pd-pool[5].cumulative-assigned-pds"} {
		require.NotContains(t, names, gone)
	}
}

// statNames returns the names of the statistics that a command shows.
func statNames(t testing.TB, c *Core) []string {
	t.Helper()
	mux := ctrl.NewMux()
	ctrl.HandleStats(mux, &c.Stats.All)
	return membersOf(t, mux.Run(t.Context(), &ctrl.Request{Command: "statistic-get-all"}).Arguments)
}

func TestTotalBeyondNumbers(t *testing.T) {
	t.Parallel()
	c := newCore(t, Options{})
	use(t, c, Settings{Subnets: []ctrl.Subnet{{ID: 1}}}, lease.PoolSpec{SubnetID: 1, First: netip.MustParseAddr("2001:db8::"), Last: netip.MustParseAddr("2001:db8:1::")})
	require.EqualValues(t, 1<<63-1, c.value("subnet[1].total-nas"))
}

func TestDatagrams(t *testing.T) {
	t.Parallel()
	c := newCore(t, Options{})
	c.Stats.Received(3)
	c.Stats.Of(func() Datagrams {
		return Datagrams{Received: 10, Sent: 5, Shed: 2, Malformed: 3, Type: func(typ int) uint64 { return uint64(100 + typ) }}
	})
	for name, want := range map[string]int64{
		"pkt6-received": 10, "pkt6-sent": 5, "pkt6-queue-full": 2, "pkt6-parse-failed": 3,
		"pkt6-unknown-received": 100, "pkt6-solicit-received": 101, "pkt6-request-received": 103,
	} {
		require.Equal(t, want, c.value(name), name)
	}
}

func TestSamples(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		count *uint32
		age   uint32
		n     int
		d     time.Duration
	}{
		{nil, 0, 20, 0},
		{new(uint32(3)), 9, 3, 9 * time.Second},
		{new(uint32(0)), 3600, 0, time.Hour},
		{new(uint32(1<<32 - 1)), 0, 1<<31 - 1, 0},
	} {
		n, d := samples(c.count, c.age)
		require.Equal(t, c.n, n)
		require.Equal(t, c.d, d)
	}
}

func TestReclaimParams(t *testing.T) {
	t.Parallel()
	require.Equal(t, lease.DefaultReclaimParams(), reclaimParams(nil))
	require.Equal(t, lease.DefaultReclaimParams(), reclaimParams(&conf.ExpiredLeasesProcessing{}))
	n := func(n uint32) *uint32 { return &n }
	require.Equal(t, lease.ReclaimParams{
		ReclaimTimerWaitTime: time.Second, FlushReclaimedTimerWaitTime: 2 * time.Second, HoldReclaimedTime: 3 * time.Second,
		MaxReclaimLeases: 4, MaxReclaimTime: 5 * time.Millisecond, UnwarnedReclaimCycles: 6,
	}, reclaimParams(&conf.ExpiredLeasesProcessing{
		ReclaimTimerWaitTime: n(1), FlushReclaimedTimerWaitTime: n(2), HoldReclaimedTime: n(3),
		MaxReclaimLeases: n(4), MaxReclaimTime: n(5), UnwarnedReclaimCycles: n(6),
	}))
}

func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var background int
		var c *Core
		c = newCore(t, Options{
			Reclaims: func(l lease.Lease) bool { return l.Addr != addrOf(0x11) },
			Background: committerFunc(func(changes []lease.Change) error {
				background += len(changes)
				return c.Store.Commit(context.Background(), changes...)
			}),
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- c.Run(ctx) }()
		for _, l := range []lease.Lease{of(1, addrOf(0x10)), of(2, addrOf(0x11))} {
			require.NoError(t, c.Store.Commit(ctx, lease.Change{Lease: l}))
		}
		use(t, c, Settings{Expired: &conf.ExpiredLeasesProcessing{ReclaimTimerWaitTime: new(uint32(0))}})
		time.Sleep(time.Hour)
		require.Zero(t, c.value("reclaimed-leases"))
		use(t, c, Settings{Expired: &conf.ExpiredLeasesProcessing{HoldReclaimedTime: new(uint32(0))}})
		time.Sleep(time.Minute)
		require.EqualValues(t, 1, c.value("reclaimed-leases"))
		require.Equal(t, 1, background)
		require.Equal(t, []netip.Addr{addrOf(0x11)}, addrs(c.Store))
		cancel()
		require.NoError(t, <-done)
	})
}

func addrs(store *lease.Store) (list []netip.Addr) {
	for l := range store.All() {
		list = append(list, l.Addr)
	}
	return list
}

func TestSubnets(t *testing.T) {
	t.Parallel()
	c := newCore(t, Options{})
	subnets := c.Subnets()
	first, ok := subnets.Subnet(1)
	require.True(t, ok)
	require.Equal(t, netip.MustParsePrefix("2001:db8::/64"), first.Prefix)
	require.Equal(t, []ctrl.Subnet{first, {ID: 2}}, slices.Collect(subnets.Subnets()))
	use(t, c, Settings{Subnets: []ctrl.Subnet{{ID: 3}}})
	_, ok = subnets.Subnet(1)
	require.False(t, ok, "as they are when they are asked for")
	require.Len(t, slices.Collect(subnets.Subnets()), 1)
}

func TestSetPoolsRefused(t *testing.T) {
	t.Parallel()
	c := newCore(t, Options{})
	_, err := c.SetPools([]lease.PoolSpec{{SubnetID: 1, First: addrOf(2), Last: addrOf(1)}})
	require.Error(t, err)
	require.Len(t, c.Alloc.Pools(), 4)
}
