package dhcp4

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUnsureIsBounded(t *testing.T) {
	t.Parallel()
	var u unsure
	first := netip.MustParseAddr("10.0.0.0")
	addr := first
	for range maxUnsure {
		u.set(addr, 100, true)
		addr = addr.Next()
	}
	require.True(t, u.has(first, 100))
	require.False(t, u.has(addr, 100))
	u.set(first, 300, true)
	require.False(t, u.has(addr, 300), "it had its place")

	u.set(addr, 200, true)
	require.Len(t, u.addrs, maxUnsure)
	require.True(t, u.has(addr, 200), "one that has failed is never taken for sure")
	require.True(t, u.has(addr.Next(), 200), "nor are others of that time, as they are not told apart")
	u.set(addr, 201, false)
	require.False(t, u.has(addr, 201), "until it has been committed again")
	require.False(t, u.has(addr.Next(), 201))
	u.set(first, 201, false)
	require.False(t, u.has(first, 201))
}
