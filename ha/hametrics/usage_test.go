package hametrics

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/lease"
)

// divided pools: those of two servers in load-balancing.
func pair(serves ...string) *ha.Status {
	return &ha.Status{Relationships: []ha.RelationshipStatus{{
		Server: "one", Mode: ha.LoadBalancing, Role: ha.Primary, Serves: serves,
		Peers: []ha.PeerStatus{{Name: "two", Role: ha.Secondary}, {Name: "keeper", Role: ha.Backup}},
	}}}
}

// byLast gives clients to the servers by their last octet.
func byLast(l lease.Lease) string {
	if n := len(l.HWAddr); n > 0 && l.HWAddr[n-1]%2 == 1 {
		return "two"
	}
	return "one"
}

var testPools = []lease.PoolSpec{
	{SubnetID: 2, First: netip.MustParseAddr("198.51.100.16"), Last: netip.MustParseAddr("198.51.100.31")},
	{SubnetID: 1, First: netip.MustParseAddr("192.0.2.0"), Last: netip.MustParseAddr("192.0.2.63")},
	{SubnetID: 1, First: netip.MustParseAddr("192.0.2.128"), Last: netip.MustParseAddr("192.0.2.255")},
	{SubnetID: 3, First: netip.MustParseAddr("2001:db8::10"), Last: netip.MustParseAddr("2001:db8::ff")},
	{SubnetID: 3, Prefix: netip.MustParsePrefix("2001:db8:8000::/40"), DelegatedLen: 48},
}

// someLeases are leases of all kinds, in and beside the pools.
func someLeases(dice *rand.Rand, n int) []lease.Change {
	byKey := map[lease.Key]lease.Change{}
	for len(byKey) < n {
		l := lease.Lease{CLTT: 1_800_000_000, ValidLft: 3600, State: lease.State(dice.IntN(4)), HWAddr: []byte{2, 0, 0, 0, 0, byte(dice.Uint32())}}
		switch dice.IntN(4) {
		case 0:
			l.Type, l.SubnetID, l.Addr = lease.V4, 2, netip.AddrFrom4([4]byte{198, 51, 100, byte(dice.IntN(64))})
		case 1:
			l.Type, l.SubnetID, l.Addr = lease.V4, 1, netip.AddrFrom4([4]byte{192, 0, 2, byte(dice.IntN(256))})
		case 2:
			a := netip.MustParseAddr("2001:db8::").As16()
			a[15] = byte(dice.Uint32())
			l.Type, l.SubnetID, l.Addr, l.ClientID = lease.NA, 3, netip.AddrFrom16(a), []byte{1}
		case 3:
			a := netip.MustParseAddr("2001:db8:8000::").As16()
			binary.BigEndian.PutUint16(a[4:], 0x7f00+uint16(dice.IntN(512)))
			l.Type, l.SubnetID, l.Addr, l.ClientID, l.PrefixLen = lease.PD, 3, netip.AddrFrom16(a), []byte{1}, 48
		}
		if l.State == lease.Declined {
			l.HWAddr, l.ClientID = nil, nil
		}
		byKey[l.Key()] = lease.Change{Lease: l}
	}
	var changes []lease.Change
	for _, c := range byKey {
		changes = append(changes, c)
	}
	return changes
}

// Whichever scopes the servers of a pair serve, as long as each is served by one
// of them, the sum of what they count is what the allocator counts.
func TestUsageIsDivided(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		store := openStore(t)
		allocator, err := lease.NewAllocator(store, testPools)
		require.NoError(t, err)
		t.Cleanup(allocator.Close)
		dice := rand.New(rand.NewPCG(seed, 0))
		require.NoError(t, store.Commit(context.Background(), someLeases(dice, 200)...))

		pools := allocator.Pools()
		count := func(status *ha.Status) []lease.Usage { return new(usage).of(pools, store, status, byLast) }
		var whole []lease.Usage
		for _, p := range pools {
			whole = append(whole, p.Usage())
		}
		for _, tt := range []struct{ first, second []string }{
			{[]string{"one"}, []string{"two"}},
			{[]string{"one", "two"}, nil},
			{nil, []string{"two", "one"}},
		} {
			first, second := count(pair(tt.first...)), count(pair(tt.second...))
			for i := range pools {
				require.Equal(t, whole[i].Assigned, first[i].Assigned+second[i].Assigned, "seed %d, pool %v, %q and %q", seed, pools[i].Spec(), tt.first, tt.second)
				require.Equal(t, whole[i].Declined, first[i].Declined+second[i].Declined, "seed %d, pool %v, %q and %q", seed, pools[i].Spec(), tt.first, tt.second)
			}
		}
		require.Equal(t, whole, count(nil), "without high availability every lease counts")
		one := count(pair("one"))
		require.NotEqual(t, whole, one)
		require.NotEqual(t, make([]lease.Usage, len(pools)), one)
	}
}

// What was counted is told again until a lease, a pool or what is served changes.
func TestUsageIsRemembered(t *testing.T) {
	t.Parallel()
	store := openStore(t)
	allocator, err := lease.NewAllocator(store, testPools)
	require.NoError(t, err)
	t.Cleanup(allocator.Close)
	commit := func(last byte, change lease.Change) {
		change.Lease.Type, change.Lease.Addr, change.Lease.SubnetID = lease.V4, netip.AddrFrom4([4]byte{192, 0, 2, last}), 1
		change.Lease.HWAddr, change.Lease.CLTT, change.Lease.ValidLft = []byte{last}, 1_800_000_000, 3600
		require.NoError(t, store.Commit(context.Background(), change))
	}
	commit(2, lease.Change{})
	commit(4, lease.Change{})
	commit(5, lease.Change{})

	var u usage
	asked := 0
	count := func(status *ha.Status) (n uint64) {
		for _, c := range u.of(allocator.Pools(), store, status, func(l lease.Lease) string { asked++; return byLast(l) }) {
			n += c.Assigned
		}
		return n
	}
	require.EqualValues(t, 2, count(pair("one")))
	before := asked
	require.EqualValues(t, 2, count(pair("one")))
	require.Equal(t, before, asked, "it was counted again, and nothing had changed")
	commit(2, lease.Change{Delete: true})
	require.EqualValues(t, 1, count(pair("one")))
	require.EqualValues(t, 1, count(pair("two")))
	commit(2, lease.Change{})
	require.EqualValues(t, 1, count(pair("two")))
	require.EqualValues(t, 2, count(pair("one")))
	_, err = allocator.SetPools(testPools[:1])
	require.NoError(t, err)
	require.Zero(t, count(pair("one")))
	require.Zero(t, count(pair()))
}

// A pool is found by each of its addresses and by no other.
func TestPoolOfLease(t *testing.T) {
	t.Parallel()
	store := openStore(t)
	allocator, err := lease.NewAllocator(store, testPools)
	require.NoError(t, err)
	t.Cleanup(allocator.Close)
	pools := allocator.Pools()
	in := sorted(pools)
	for _, c := range someLeases(rand.New(rand.NewPCG(1, 2)), 300) {
		want := slices.IndexFunc(pools, func(p *lease.Pool) bool {
			return p.Spec().Type() == c.Lease.Type && p.Contains(c.Lease.Addr)
		})
		require.Equal(t, want, in.find(&c.Lease), "%v", c.Lease.Key())
	}
	require.Equal(t, -1, sorted(nil).find(&lease.Lease{Type: lease.V4, Addr: netip.MustParseAddr("192.0.2.1")}))
}

// What a collection costs a server in load-balancing, after a lease has changed.
func BenchmarkUsage(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			store := openStore(b)
			allocator, err := lease.NewAllocator(store, []lease.PoolSpec{
				{SubnetID: 1, First: netip.MustParseAddr("10.0.0.0"), Last: netip.MustParseAddr("10.255.255.255")},
			})
			require.NoError(b, err)
			b.Cleanup(allocator.Close)
			var changes []lease.Change
			for i := range n {
				var mac [6]byte
				binary.BigEndian.PutUint32(mac[2:], uint32(i))
				changes = append(changes, lease.Change{Lease: lease.Lease{
					Type: lease.V4, Addr: netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), SubnetID: 1,
					HWAddr: mac[:], ClientID: append([]byte{1}, mac[:]...), CLTT: time.Now().Unix(), ValidLft: 3600,
				}})
			}
			require.NoError(b, store.Commit(context.Background(), changes...))
			for b.Loop() {
				new(usage).of(allocator.Pools(), store, pair("one"), byLast)
			}
		})
	}
}
