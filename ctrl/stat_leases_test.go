package ctrl

import (
	"context"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// The answers of kea-dhcp6 2.2 with libdhcp_stat_cmds, but for the results.
func TestLeaseStats(t *testing.T) {
	t.Parallel()
	store := openStore(t)
	defer store.Close()
	var stats Stats
	stats.Func("subnet[2].total-nas", func() int64 { return 16 })
	stats.Stat("subnet[2].cumulative-assigned-nas").Add(7)
	stats.Stat("subnet[2].total-pds").Set(9)
	for addr, state := range map[string]lease.State{"fd00::1": lease.Assigned, "fd00::2": lease.Assigned, "fd00::3": lease.Declined, "fd00::4": lease.ExpiredReclaimed} {
		l := lease.Lease{Type: lease.NA, Addr: netip.MustParseAddr(addr), ClientID: []byte{0, 1, 2}, SubnetID: 2, CLTT: 1800000000, ValidLft: 3600, State: state}
		require.NoError(t, store.Commit(context.Background(), lease.Change{Lease: l}))
	}
	list := subnetList{subnet(2, "fd00::/64"), subnet(3, "fd01::/64"), subnet(7, "fd02::/64")}
	mux := NewMux()
	HandleLeaseStats(mux, V6, store, &stats, list)
	HandleLeaseStats(mux, V4, store, &stats, subnetList{})

	const rows2, rows3, rows7 = `[2,16,7,2,1,9,0,0]`, `[3,0,0,0,0,0,0,0]`, `[7,0,0,0,0,0,0,0]`
	for _, c := range []struct{ args, text, rows string }{
		{``, "stat-lease6-get[all subnets]: 3 rows found", `[` + rows2 + `,` + rows3 + `,` + rows7 + `]`},
		{`{"x": 1}`, "stat-lease6-get[all subnets]: 3 rows found", `[` + rows2 + `,` + rows3 + `,` + rows7 + `]`},
		{`{"subnet-id": 2}`, "stat-lease6-get[subnet-id=2]: 1 rows found", `[` + rows2 + `]`},
		{`{"subnet-range": {"first-subnet-id": 2, "last-subnet-id": 6}}`, "stat-lease6-get[subnets 2 through 6]: 2 rows found", `[` + rows2 + `,` + rows3 + `]`},
		{`{"subnet-id": 9}`, "stat-lease6-get[subnet-id=9]: no matching data, subnet-id: 9 does not exist", ""},
		{`{"subnet-range": {"first-subnet-id": 8, "last-subnet-id": 9}}`, "stat-lease6-get[subnets 8 through 9]: no matching data, selected ID range: 8 through 9 includes no known subnets", ""},
		{`{"subnet-id": "x"}`, "'subnet-id' parameter is not integer", ""},
		{`{"subnet-id": 0}`, "'subnet-id' parameter must be > 0", ""},
		{`{"subnet-id": -1}`, "'subnet-id' parameter must be > 0", ""},
		{`{"subnet-id": 1, "subnet-range": {}}`, "cannot specify both subnet-id and subnet-range", ""},
		{`{"subnet-range": {"first-subnet-id": 0, "last-subnet-id": 5}}`, "'first-subnet-id' parameter must be > 0", ""},
		{`{"subnet-range": {"first-subnet-id": 5}}`, "'last-subnet-id' parameter missing or not an integer", ""},
		{`{"subnet-range": {"last-subnet-id": 5}}`, "'first-subnet-id' parameter missing or not an integer", ""},
		{`{"subnet-range": {"first-subnet-id": 5, "last-subnet-id": 2}}`, "'last-subnet-id' must be greater than 'first-subnet-id'", ""},
		{`{"subnet-range": 5}`, "subnet-range parameter is not a map", ""},
		{`[]`, "'arguments' parameter is not a map", ""},
	} {
		r := mux.Run(context.Background(), &Request{Command: "stat-lease6-get", Arguments: json.RawMessage(c.args)})
		require.Equal(t, c.text, r.Text, c.args)
		if c.rows == "" {
			want := Error
			if strings.Contains(c.text, "no matching data") {
				want = Empty
			}
			require.Equal(t, want, r.Result, c.args)
			continue
		}
		b, err := json.Marshal(r.Arguments)
		require.NoError(t, err)
		var got struct {
			ResultSet struct {
				Columns []string        `json:"columns"`
				Rows    json.RawMessage `json:"rows"`
			} `json:"result-set"`
		}
		require.NoError(t, json.Unmarshal(b, &got))
		require.Equal(t, []string{"subnet-id", "total-nas", "cumulative-assigned-nas", "assigned-nas", "declined-nas", "total-pds", "cumulative-assigned-pds", "assigned-pds"}, got.ResultSet.Columns)
		require.JSONEq(t, c.rows, string(got.ResultSet.Rows), c.args)
	}
	r := mux.Run(context.Background(), &Request{Command: "stat-lease4-get"})
	require.Equal(t, Empty, r.Result)
	require.Equal(t, "stat-lease4-get[all subnets]: no matching data, selected ID range: 0 through 0 includes no known subnets", r.Text)
}
