package lease

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOverlapped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &fakeSource{}
		a, _ := newTestAllocator(t, s, PoolSpec{Prefix: prefix("2001:db8::/32"), DelegatedLen: 56})
		put := func(p string, seconds uint32) {
			s.put(Lease{Type: PD, Addr: prefix(p).Addr(), PrefixLen: uint8(prefix(p).Bits()), CLTT: time.Now().Unix(), ValidLft: seconds})
		}
		put("2001:db8:1::/48", 100)     // wider than what is delegated
		put("2001:db8:2:140::/60", 100) // part of one
		put("2001:db8:3:700::/56", 100) // just one
		check := func(want bool, prefixes ...string) {
			t.Helper()
			for _, p := range prefixes {
				require.Equal(t, want, a.Overlapped(netip.MustParsePrefix(p)), p)
			}
		}
		check(true, "2001:db8:1:ff00::/56", "2001:db8:1::/56", "2001:db8:1:10::/60", "2001:db8::/40",
			"2001:db8:2:100::/56", "2001:db8:2::/48", "2001:db8:2:148::/61", "2001:db8:2:140::/59",
			"2001:db8:3::/48", "2001:db8:3:710::/60")
		check(false, "2001:db8:1::/48", "2001:db8:2:140::/60", "2001:db8:3:700::/56", "2001:db8:4::/56",
			"2001:db8:2:200::/56", "2001:db8:2:150::/60", "2001:db8:4::/48", "2001:db8:3:800::/60", "2001:db9::/56")
		put("2001:db9:1::/48", 100) // in no pool
		check(true, "2001:db9::/32", "2001:db9:1:2::/64", "2001:d00::/24")
		check(false, "2001:db9:1::/48", "2001:db9:2::/48")
		s.put(Lease{Type: NA, State: Registered, Addr: addr("2001:db8:4::5"), CLTT: time.Now().Unix(), ValidLft: 100})
		s.put(Lease{Type: NA, State: Registered, Addr: addr("2001:db9:4::5"), CLTT: time.Now().Unix(), ValidLft: 100})
		check(false, "2001:db8:4::/56", "2001:db8:4::/48", "2001:db9:4::/48")
		s.put(Lease{Type: NA, Addr: addr("2001:db8:4::5"), CLTT: time.Now().Unix(), ValidLft: 100})
		s.put(Lease{Type: NA, Addr: addr("2001:db9:4::5"), CLTT: time.Now().Unix(), ValidLft: 100})
		check(true, "2001:db8:4::/56", "2001:db8:4::/48", "2001:db9:4::/48")
		time.Sleep(100 * time.Second)
		check(false, "2001:db8:1:ff00::/56", "2001:db8:2:100::/56", "2001:db8:3::/48", "2001:db8::/40", "2001:db9::/32", "2001:db9:1:2::/64", "2001:db9:4::/48")
	})
}

// A registered address does not keep its client, nor the next one, from the
// prefix that it has been made in.
func TestRegisteredAddressKeepsNoPrefix(t *testing.T) {
	t.Parallel()
	s := &fakeSource{}
	registered := Lease{Type: NA, State: Registered, Addr: addr("2001:db8::5"), ValidLft: Infinite}
	s.put(registered)
	a, p := newTestAllocator(t, s, PoolSpec{Prefix: prefix("2001:db8::/63"), DelegatedLen: 64}, addrPool("2001:db8:5::5", "2001:db8:5::6", Iterative))
	registered.Addr = addr("2001:db8:0:1::5")
	s.put(registered)
	require.Equal(t, []string{"2001:db8::", "2001:db8:0:1::"}, takeAll(a, p[0]))
	registered.Addr = addr("2001:db8:5::5")
	s.put(registered)
	require.Equal(t, []string{"2001:db8:5::6"}, takeAll(a, p[1]), "an address is in use once it is registered")
}

// Nobody has to look at all leases of a pool for a few of its prefixes.
func TestAnyOfBitset(t *testing.T) {
	t.Parallel()
	b := bitset{}
	for i := uint64(0); i < 1<<12; i += 100 {
		b.set(i)
	}
	for first := uint64(0); first < 1<<12; first += 7 {
		for _, n := range []uint64{0, 1, 63, 64, 65, 5000} {
			require.Equal(t, (first+99)/100*100 <= first+n && (first+99)/100*100 < 1<<12, b.any(first, first+n), "%d+%d", first, n)
		}
	}
	require.True(t, b.any(0, 1<<64-1))
}
