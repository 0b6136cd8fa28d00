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
		time.Sleep(100 * time.Second)
		check(false, "2001:db8:1:ff00::/56", "2001:db8:2:100::/56", "2001:db8:3::/48", "2001:db8::/40")
	})
}
