package lease_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
	"github.com/dhcpha/dhcpha/lease"
)

// A real Kea loads the files we write, and tells the same leases.
//
// It is not parallel: until a child that has been forked becomes another
// program it has our files open, and a store that another test closes at that
// moment is still locked.
func TestKeaLoadsWhatWeWrite(t *testing.T) {
	now := time.Now().Unix()
	hw, id, duid := []byte{2, 0, 0, 0, 0, 1}, []byte{1, 2, 3}, []byte{0, 3, 0, 1, 2, 0, 0, 0, 0, 1}
	for _, c := range []struct {
		program, subnet, root, list, more string
		v6                                bool
		leases                            []lease.Lease
	}{
		{"kea-dhcp4", "192.0.2.0/24", "Dhcp4", "lease4-get-all", "", false, []lease.Lease{
			{Type: lease.V4, Addr: netip.MustParseAddr("192.0.2.1"), HWAddr: hw, ClientID: id, SubnetID: 1, CLTT: now, ValidLft: 3600, FQDNFwd: true,
				Hostname: "a,b&c", UserContext: []byte(`{"ISC":{"relay-agent-info":"0x0106"},"note":"x, \"y\" & z"}`)},
			{Type: lease.V4, Addr: netip.MustParseAddr("192.0.2.2"), HWAddr: hw, SubnetID: 1, CLTT: now, ValidLft: lease.Infinite, FQDNRev: true, Hostname: "b"},
			{Type: lease.V4, Addr: netip.MustParseAddr("192.0.2.3"), SubnetID: 1, CLTT: now, ValidLft: 86400, State: lease.Declined},
			{Type: lease.V4, Addr: netip.MustParseAddr("192.0.2.4"), HWAddr: hw, SubnetID: 1, PoolID: 5, CLTT: now - 100, ValidLft: 50, State: lease.ExpiredReclaimed},
		}},
		{"kea-dhcp6", "2001:db8::/32", "Dhcp6", "lease6-get-all",
			`"server-id": { "type": "EN", "enterprise-id": 32473, "identifier": "01", "persist": false },`, true, []lease.Lease{
				{Type: lease.NA, Addr: netip.MustParseAddr("2001:db8::1"), ClientID: duid, HWAddr: hw, HWType: 1, HWSource: 2, IAID: 4294967295,
					SubnetID: 1, CLTT: now, ValidLft: 3600, PreferredLft: 1800, FQDNFwd: true, Hostname: "a,b"},
				{Type: lease.NA, Addr: netip.MustParseAddr("2001:db8::2"), SubnetID: 1, CLTT: now, ValidLft: 86400, State: lease.Declined},
				{Type: lease.PD, Addr: netip.MustParseAddr("2001:db8:1::"), PrefixLen: 56, ClientID: duid, IAID: 7, SubnetID: 1, CLTT: now,
					ValidLft: lease.Infinite, PreferredLft: lease.Infinite, UserContext: []byte(`{"n":1}`)},
			}},
	} {
		t.Run(c.program, func(t *testing.T) {
			testnet.Require(t, c.program)
			net := testnet.New(t)
			name := filepath.Join(net.Dir(), "leases.csv")
			f, err := os.Create(name)
			require.NoError(t, err)
			w := lease.NewMemfileWriter(f, c.v6)
			all := append(c.leases, recordedLeases(t, c.v6)...)
			for _, l := range all {
				require.NoError(t, w.Write(l))
			}
			require.NoError(t, w.Flush())
			require.NoError(t, f.Close())

			kea := net.Host("kea").StartKea(c.program, fmt.Sprintf(`{ %q: {
				"interfaces-config": { "interfaces": [] },
				"lease-database": { "type": "memfile", "persist": true, "lfc-interval": 0, "name": %q },
				"expired-leases-processing": { "reclaim-timer-wait-time": 0, "flush-reclaimed-timer-wait-time": 0 },
				"hooks-libraries": [ { "library": %q } ], %s
				"subnet%s": [ { "id": 1, "subnet": %q } ] } }`,
				c.root, name, testnet.KeaHook(t, "libdhcp_lease_cmds.so"), c.more, c.root[4:], c.subnet))
			answer, err := kea.Command(t.Context(), c.list, nil)
			require.NoError(t, err)
			require.Zero(t, answer.Result, answer.Text)
			var got struct{ Leases []json.RawMessage }
			require.NoError(t, json.Unmarshal(answer.Arguments, &got))
			require.Len(t, got.Leases, len(all), "%s", answer.Arguments)
			byAddress := map[string]json.RawMessage{}
			for _, raw := range got.Leases {
				var l struct {
					Address string `json:"ip-address"`
				}
				require.NoError(t, json.Unmarshal(raw, &l))
				byAddress[l.Address] = raw
			}
			for _, l := range all {
				l.PoolID = 0 // unknown to Kea 2.2
				want, err := l.MarshalJSON()
				require.NoError(t, err)
				require.JSONEq(t, string(want), string(byAddress[l.Addr.String()]))
			}
		})
	}
}

// recordedLeases are those of a file that a Kea has written.
func recordedLeases(t *testing.T, v6 bool) (all []lease.Lease) {
	t.Helper()
	file := map[bool]string{false: "testdata/memfile-v4.csv", true: "testdata/memfile-v6.csv"}[v6]
	store, err := lease.Open(filepath.Join(t.TempDir(), "leases.db"), nil)
	require.NoError(t, err)
	defer store.Close()
	_, err = lease.ImportMemfile(t.Context(), store, file, nil)
	require.NoError(t, err)
	for l := range store.All() {
		all = append(all, l)
	}
	require.NotEmpty(t, all)
	return all
}
