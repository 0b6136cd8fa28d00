package engine

import (
	"net/netip"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

var names = StatNames{
	Packets: PacketNames{Prefix: "pkt6", Received: map[int]string{0: "unknown", 1: "solicit", 3: "request"}, Sent: map[int]string{7: "reply"}},
	Prefix:  "v6",
	Leases:  []LeaseNames{{lease.NA, "nas", "pool", "na-"}, {lease.PD, "pds", "pd-pool", "pd-"}},
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
