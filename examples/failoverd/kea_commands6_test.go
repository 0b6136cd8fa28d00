package main

import (
	"testing"
	"time"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// The lease commands of DHCPv6 are answered alike, and leave the same leases.
func TestLeaseCommands6AreKeas(t *testing.T) {
	t.Parallel()
	testnet.Require(t, "kea-dhcp6")
	n := testnet.New(t)
	keas, ourHost := n.Host("kea"), n.Host("ours")
	for _, h := range []*testnet.Host{keas, ourHost} {
		h.Join(n.LAN(), "eth0", "2001:db8:1::1/64")
	}
	config := oneSubnet6("")
	kea := n.Dir() + "/kea-ctrl"
	keas.StartKea("kea-dhcp6", complete(t, config, kea, n.Dir()+"/kea-leases.csv"))
	ours := startProgram(t, n, ourHost, config).socket
	ctx := within(t, time.Minute)

	const duid = `"duid": "00:03:00:01:02:00:00:00:00:01", "subnet-id": 7`
	for _, c := range []struct{ command, args string }{
		{"lease6-get-all", `{}`},
		{"lease6-add", `{"ip-address": "2001:db8:1::100", "iaid": 1, ` + duid + `, "hostname": "alpha.example.org", "hw-address": "02:00:00:00:00:01"}`},
		{"lease6-add", `{"ip-address": "2001:db8:8000::", "type": "IA_PD", "prefix-len": 56, "iaid": 2, ` + duid + `, "valid-lft": 600, "preferred-lft": 500}`},
		{"lease6-add", `{"ip-address": "2001:db8:9::1", "iaid": 1, ` + duid + `}`},
		{"lease6-add", `{"ip-address": "192.0.2.1", "iaid": 1, ` + duid + `}`},
		{"lease6-add", `{"ip-address": "2001:db8:1::101"}`},
		{"lease6-get", `{"ip-address": "2001:db8:1::100"}`},
		{"lease6-get", `{"ip-address": "2001:db8:8000::", "type": "IA_PD"}`},
		{"lease6-get", `{"ip-address": "2001:db8:8000::"}`},
		{"lease6-get", `{"identifier-type": "duid", "identifier": "00:03:00:01:02:00:00:00:00:01", "iaid": 1, "subnet-id": 7}`},
		{"lease6-get-by-duid", `{"duid": "00:03:00:01:02:00:00:00:00:01"}`},
		{"lease6-get-by-hostname", `{"hostname": "alpha.example.org"}`},
		{"lease6-get-page", `{"from": "start", "limit": 1}`},
		{"lease6-get-page", `{"from": "2001:db8:1::100", "limit": 10}`},
		{"lease6-get-all", `{"subnets": [7]}`},
		{"lease6-get-all", `{"subnets": [8]}`},
		{"lease6-update", `{"ip-address": "2001:db8:1::100", "iaid": 5, ` + duid + `, "valid-lft": 700}`},
		{"lease6-update", `{"ip-address": "2001:db8:1::150", "iaid": 5, ` + duid + `}`},
		{"lease6-bulk-apply", `{"deleted-leases": [{"ip-address": "2001:db8:8000::", "type": "IA_PD"}, {"ip-address": "2001:db8:1::199", "type": "IA_NA"}],
			"leases": [{"ip-address": "2001:db8:1::120", "type": "IA_NA", "iaid": 9, ` + duid + `, "preferred-lft": 50, "valid-lft": 60}]}`},
		{"lease6-get-all", `{}`},
		{"lease6-del", `{"ip-address": "2001:db8:1::100"}`},
		{"lease6-del", `{"ip-address": "2001:db8:1::100"}`},
		{"lease6-wipe", `{"subnet-id": 7}`},
		{"lease6-get-all", `{}`},
		{"config-test", `{"Dhcp6": {"subnet6": []}}`},
		{"config-test", `{"Dhcp6": {"subnet5": []}}`},
		{"no-such-command", `{}`},
	} {
		sameAnswer(ctx, t, kea, ours, c.command, c.args)
	}
	compareCommands(ctx, t, 6, kea, ours)
}
