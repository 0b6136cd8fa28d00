package ha

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// Every lease is in the scope of one server, the same one on both, and that
// server is the one which admits the lease's client in normal operation.
func TestScopeOfLease(t *testing.T) {
	for _, mode := range []Mode{HotStandby, LoadBalancing} {
		pairTest(t, mode, func(a, b *node) {
			t := a.t
			normal(a, b)
			scopes := map[string]int{}
			for i := range 256 {
				l := leaseOf("192.0.2.7", byte(i))
				scope := a.Scope(l)
				require.Equal(t, scope, b.Scope(l))
				_, first := a.Admit(lease.Client{HWAddr: l.HWAddr}, 0, nil)
				_, second := b.Admit(lease.Client{HWAddr: l.HWAddr}, 0, nil)
				require.Equal(t, first, scope == "server1")
				require.Equal(t, second, scope == "server2")
				scopes[scope]++
			}
			require.Equal(t, map[Mode]map[string]int{HotStandby: {"server1": 256}, LoadBalancing: {"server1": 128, "server2": 128}}[mode], scopes)
			declined := lease.Lease{Type: lease.V4, Addr: netip.MustParseAddr("192.0.2.8"), SubnetID: 1, State: lease.Declined}
			require.Equal(t, "server1", a.Scope(declined))
			require.Equal(t, "server1", b.Scope(declined))
		})
	}
}
