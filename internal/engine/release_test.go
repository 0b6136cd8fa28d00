package engine

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

func TestDecline(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	l := lease.Lease{
		Type: lease.NA, Addr: netip.MustParseAddr("2001:db8::1"), ClientID: []byte("c"), HWAddr: []byte("h"), HWType: 1, HWSource: 2, IAID: 3,
		SubnetID: 4, PoolID: 5, CLTT: 900, ValidLft: 300, PreferredLft: 200, Hostname: "n", FQDNFwd: true, FQDNRev: true,
		State: lease.Assigned, UserContext: []byte("{}"), Revision: 6,
	}
	want := lease.Lease{
		Type: lease.NA, Addr: l.Addr, IAID: 3, SubnetID: 4, PoolID: 5, CLTT: 1000, ValidLft: 86400, State: lease.Declined,
		UserContext: []byte("{}"), Revision: 6,
	}
	require.Equal(t, lease.Change{Lease: want, If: 6}, Decline(l, now, nil))
	want.ValidLft = 0
	require.Equal(t, lease.Change{Lease: want, If: 6}, Decline(l, now, new(uint32(0))))

	c := Removal(l)
	require.True(t, c.Delete)
	require.Equal(t, l.Key(), c.Lease.Key())
	require.EqualValues(t, 6, c.If)
}
