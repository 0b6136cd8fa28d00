package engine

import (
	"math"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

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
	declined, outside, registered := of(3, addrOf(0x20)), of(4, netip.MustParseAddr("2001:db8:8000::4")), of(5, addrOf(0x98))
	declined.State, registered.State = lease.Declined, lease.Registered
	for _, l := range []lease.Lease{of(1, addrOf(0x10)), of(2, addrOf(0x30)), prefix, declined, outside, registered} {
		give(l)
	}
	c.Stats.Count("failed", 1)
	c.Stats.Count("failed", 0)
	c.Stats.Count("failed", 77)
	c.Stats.Failed(1, false, true)
	c.Stats.Failed(2, true, false)
	c.Stats.Reused(&prefix)
	c.Stats.reclaimed(prefix)
	c.Stats.reclaimed(declined)
	c.Stats.reclaimed(outside)
	c.Stats.Received(3)
	c.Stats.Received(2)
	c.Stats.Received(200)
	c.Stats.Sent(7)
	c.Stats.Sent(2)
	for name, want := range map[string]int64{
		"assigned-nas": 4, "assigned-pds": 1, "declined-addresses": 1, "registered-nas": 1,
		"cumulative-assigned-nas": 5, "cumulative-assigned-pds": 1, "reclaimed-leases": 3, "reclaimed-declined-addresses": 1,
		"v6-allocation-fail": 1, "v6-allocation-fail-classes": 2, "v6-allocation-fail-no-pools": 1,
		"v6-allocation-fail-shared-network": 1, "v6-allocation-fail-subnet": 1, "subnet[1].v6-allocation-fail": 1,
		"subnet[2].v6-allocation-fail": 0, "subnet[2].v6-allocation-fail-shared-network": 1,
		"v6-pd-lease-reuses": 1, "subnet[1].v6-pd-lease-reuses": 1, "v6-na-lease-reuses": 0,
		"failed": 3, "subnet[1].failed": 1, "subnet[2].failed": 0,
		"subnet[1].total-nas": 9, "subnet[1].assigned-nas": 4, "subnet[1].declined-addresses": 1, "subnet[1].registered-nas": 1,
		"subnet[1].total-pds": 256, "subnet[1].assigned-pds": 1, "subnet[1].reclaimed-leases": 3,
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
	require.EqualValues(t, int64(math.MaxInt64), c.value("subnet[1].total-nas"))
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
