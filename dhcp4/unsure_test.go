package dhcp4

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUnsureIsBounded(t *testing.T) {
	t.Parallel()
	var u unsure
	addr := netip.MustParseAddr("10.0.0.0")
	for range maxUnsure {
		u.set(addr, true)
		addr = addr.Next()
	}
	require.False(t, u.has(addr))
	u.set(addr, true)
	require.Len(t, u.addrs, maxUnsure)
	require.True(t, u.has(addr), "one that has failed is never taken for sure")
	u.set(addr, false)
	require.True(t, u.has(addr.Next()), "nor are others, as they are not told apart any more")
}
