package ctrl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// startDHCP6 runs a kea-dhcp6 that serves no interface, and returns a client of
// its control socket.
func startDHCP6(t *testing.T, dir string) *Client {
	t.Helper()
	socket := filepath.Join(dir, "kea6")
	client, err := NewClient("unix:"+socket, nil)
	require.NoError(t, err)
	startKea(t, dir, "/usr/sbin/kea-dhcp6", fmt.Sprintf(`{"Dhcp6": {
		"interfaces-config": {"interfaces": []},
		"lease-database": {"type": "memfile", "persist": false},
		"server-id": {"type": "EN", "enterprise-id": 32473, "identifier": "01", "persist": false},
		"control-socket": {"socket-type": "unix", "socket-name": %q},
		"hooks-libraries": [{"library": "%s/libdhcp_lease_cmds.so"}],
		"subnet6": [{"id": 1, "subnet": "fd77::/64"}],
		"loggers": [{"name": "kea-dhcp6", "severity": "FATAL", "output_options": [{"output": "stderr"}]}]
	}}`, socket, keaHooks), func() error {
		_, err := client.Call(context.Background(), "list-commands", nil)
		return err
	})
	return client
}

// A real server and ours are told the same leases of many clients at once, with
// everything that is difficult in them, and tell the same: what failed, and what
// there is, member by member.
func TestRealServer6(t *testing.T) {
	needKea(t, "/usr/sbin/kea-dhcp6")
	store := openStore(t)
	defer store.Close()
	mux := NewMux()
	HandleLeases(mux, V6, store, store, subnetList{subnet(1, "fd77::/64")})
	ours, err := NewClient("http://"+serveTCP(t, &HTTPServer{Mux: mux}), &ClientOptions{Service: []string{"dhcp6"}})
	require.NoError(t, err)
	defer ours.Close()
	servers := []*Client{startDHCP6(t, shortDir(t)), ours}

	addr := netip.MustParseAddr
	leases := []lease.Lease{{
		Type: lease.NA, Addr: addr("fd77::1"), ClientID: []byte{0, 3, 0, 1, 2, 0, 0, 0, 0, 1}, HWAddr: []byte{2, 0, 0, 0, 0, 1}, IAID: 1<<32 - 1,
		SubnetID: 1, CLTT: 1800000000, ValidLft: 3600, PreferredLft: 1800, Hostname: "h\xff\"\\.example", FQDNFwd: true,
		UserContext: []byte(`{"a":"é","b":[1,{"c":null}]}`),
	}, {
		Type: lease.NA, Addr: addr("fd77::2"), SubnetID: 1, IAID: 7, CLTT: 1800000000, ValidLft: 86400, State: lease.Declined,
	}, {
		Type: lease.PD, Addr: addr("fd78:0:0:100::"), PrefixLen: 56, ClientID: []byte{0, 3, 0, 1, 2, 0, 0, 0, 0, 1}, IAID: 1,
		SubnetID: 1, CLTT: 1800000000, ValidLft: lease.Infinite, PreferredLft: lease.Infinite, State: lease.ExpiredReclaimed,
	}}
	for i := range 300 {
		id := []byte{0, 1, 0, 1, 1, 2, 3, 4, 2, 0, 0, 0, byte(i >> 8), byte(i)}
		leases = append(leases,
			lease.Lease{Type: lease.NA, Addr: addr(fmt.Sprintf("fd77::1:%x", i)), ClientID: id, IAID: 1, SubnetID: 1, CLTT: 1800000000 + int64(i), ValidLft: 3600, PreferredLft: 1800},
			lease.Lease{Type: lease.PD, Addr: addr(fmt.Sprintf("fd79:0:%x:100::", i)), PrefixLen: 56, ClientID: id, IAID: 2, SubnetID: 1, CLTT: 1800000000, ValidLft: 3600, PreferredLft: 1800},
		)
	}
	type named struct {
		Type string `json:"type"`
		Addr string `json:"ip-address"`
	}
	var updates []json.RawMessage
	for _, l := range leases {
		updates = append(updates, l.AppendUpdate(nil))
	}
	missing := named{"IA_NA", "fd77::99"}
	first := named{"IA_NA", "fd77::1"}
	for _, args := range []map[string]any{
		{"deleted-leases": []named{}, "leases": updates},
		{"deleted-leases": []named{missing, {"IA_PD", "fd77::1"}}, "leases": updates[:10]},
		{"deleted-leases": []named{missing}, "leases": []any{}},
		{"deleted-leases": []named{first, first, {"IA_PD", "fd79:0:1:100::"}}, "leases": updates[5:6]},
		{"deleted-leases": []named{first}, "leases": updates[:1]},
		{"deleted-leases": []named{}, "leases": append(updates[:1:1], json.RawMessage(`{"ip-address": "fd77::3"}`))},
		{"deleted-leases": []named{{"IA_NA", "fd77::1:7"}}, "leases": []json.RawMessage{updates[3], updates[3]}},
	} {
		var answers [2]string
		for i, client := range servers {
			reply, err := client.Call(t.Context(), "lease6-bulk-apply", args)
			var refused *ResultError
			if errors.As(err, &refused) {
				answers[i] = place.ReplaceAllString(fmt.Sprint(refused.Code, refused.Text), "")
				continue
			}
			require.NoError(t, err)
			answers[i] = fmt.Sprint(reply.Result, reply.Text, string(sorted(t, reply.Arguments)))
		}
		require.Equal(t, answers[0], answers[1], "%v", args["deleted-leases"])
	}

	var all [2][]lease.Lease
	for i, client := range servers {
		for from := "start"; ; {
			reply, err := client.Call(t.Context(), "lease6-get-page", map[string]any{"from": from, "limit": 100})
			require.NoError(t, err)
			var page struct{ Leases []lease.Lease }
			require.NoError(t, json.Unmarshal(reply.Arguments, &page))
			if len(page.Leases) == 0 {
				break
			}
			all[i] = append(all[i], page.Leases...)
			from = page.Leases[len(page.Leases)-1].Addr.String()
		}
	}
	require.Len(t, all[0], len(leases)-2)
	require.Equal(t, all[0], all[1])
	require.Contains(t, all[0], leases[0])
	require.Contains(t, all[0], leases[1])
	require.Contains(t, all[0], leases[2])
}

// sorted is JSON with the members of its objects in order.
func sorted(t *testing.T, raw json.RawMessage) []byte {
	if len(raw) == 0 {
		return nil
	}
	var v any
	require.NoError(t, json.Unmarshal(raw, &v))
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return text
}
