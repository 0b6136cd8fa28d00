package dhcp6

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

func run(t testing.TB, mux *ctrl.Mux, command, args string) string {
	t.Helper()
	r := mux.Run(t.Context(), &ctrl.Request{Command: command, Arguments: json.RawMessage(args)})
	b, err := json.Marshal(struct {
		Arguments any    `json:"arguments,omitempty"`
		Result    int    `json:"result"`
		Text      string `json:"text,omitempty"`
	}{r.Arguments, r.Result, r.Text})
	require.NoError(t, err)
	return string(b)
}

func TestCommands(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(), nil)
	mux := ctrl.NewMux()
	var status int
	b.e.Register(mux, &Commands{
		Server:   &Server{Interfaces: []string{"eth0"}},
		Version:  "1.2.3",
		Reload:   func(context.Context) error { return errors.New("no such file") },
		Shutdown: func(n int) { status = n },
		Status:   func() map[string]any { return map[string]any{"high-availability": []string{}} },
	})
	b.e.RegisterLeases(mux)
	for _, c := range []struct{ command, args, want string }{
		{"dhcp-disable", `{"origin": "user"}`, `{"result":0,"text":"DHCPv6 service disabled"}`},
		{"dhcp-enable", `{"origin": "user"}`, `{"result":0,"text":"DHCP service successfully enabled"}`},
		{"config-test", `{"Dhcp4": {}}`, `{"result":1,"text":"Missing mandatory 'Dhcp6' parameter."}`},
		{"config-test", `{"Dhcp6": {}}`, `{"result":0,"text":"Configuration seems sane. Control-socket, hook-libraries, and D2 configuration were sanity checked, but not applied."}`},
		{"config-reload", "", `{"result":1,"text":"Config reload failed: no such file"}`},
		{"shutdown", `{"exit-value": 3}`, `{"result":0,"text":"Shutting down."}`},
	} {
		require.JSONEq(t, c.want, run(t, mux, c.command, c.args), c.command)
	}
	require.Equal(t, 3, status)
	require.Contains(t, run(t, mux, "config-test", `{"Dhcp6": {"subnet6": [{"id": 1, "subnet": "nonsense"}]}}`), `"result":1`)
	require.Contains(t, run(t, mux, "config-get", ""), `"Dhcp6":{`)
	require.Contains(t, run(t, mux, "status-get", ""), `"high-availability":[]`)
	require.Contains(t, run(t, mux, "version-get", ""), `1.2.3`)

	require.Equal(t, "REPLY NA1[2001:db8:1::10] PD1[2001:db8:f00::/56]", short(b.lease(1, na(1), pd(1))))
	require.Contains(t, run(t, mux, "lease6-get", `{"ip-address": "2001:db8:1::10"}`), `"subnet-id":1`)
	require.Contains(t, run(t, mux, "lease6-get-by-duid", `{"duid": "00:03:00:01:02:00:00:00:00:01"}`), `"type":"IA_PD"`)
	require.Contains(t, run(t, mux, "stat-lease6-get", ""), `"rows":[[1,4,1,1,0,4,1,1]]`)
	subnet, ok := b.e.Subnets().Subnet(1)
	require.True(t, ok)
	require.EqualValues(t, 4000, subnet.ValidLft)
}

func TestServiceDisabled(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(), nil)
	b.e.Service().Disable(ctrl.OriginPartner, 0)
	require.Equal(t, "silence", short(b.ask(solicit, 1, na(1))))
	require.EqualValues(t, 1, b.stat("pkt6-service-disabled"))
	b.e.Service().Enable(ctrl.OriginPartner)
	require.Equal(t, "ADVERTISE NA1[2001:db8:1::10]", short(b.ask(solicit, 1, na(1))))
}

func TestStatistics(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(`, "cache-max-age": 100`), nil)
	for client := range byte(4) {
		b.lease(client, na(1), pd(1))
	}
	require.Equal(t, "ADVERTISE NA1[NoAddrsAvail] PD1[NoPrefixAvail]", short(b.ask(solicit, 9, na(1), pd(1))))
	b.ask(renew, 1, na(1, "2001:db8:1::11"), pd(1, "2001:db8:f00:100::/56"))
	b.ask(release, 2, na(1, "2001:db8:1::12"))
	b.ask(decline, 3, na(1, "2001:db8:1::13"))
	b.ask(confirm, 0, na(1, "2001:db8:1::10"))
	b.ask(information, 0)
	b.ask(request, 0, na(1), toServer("00020000f3f002"))
	for range 2 {
		b.ask(register, 7, with(prefixOption(lease.NA, netip.MustParsePrefix("2001:db8:1::77/128"), 100, 200)), from("2001:db8:1::77"))
	}
	for name, want := range map[string]int64{
		"pkt6-addr-reg-inform-received": 2, "pkt6-addr-reg-reply-sent": 2, "registered-nas": 1, "subnet[1].cumulative-registered-nas": 1,
		"pkt6-received": 17, "pkt6-solicit-received": 5, "pkt6-request-received": 5, "pkt6-renew-received": 1, "pkt6-release-received": 1,
		"pkt6-decline-received": 1, "pkt6-confirm-received": 1, "pkt6-infrequest-received": 1,
		"pkt6-sent": 16, "pkt6-advertise-sent": 5, "pkt6-reply-sent": 9, "pkt6-receive-drop": 1, "pkt6-not-for-us": 1,
		"v6-allocation-fail": 2, "v6-allocation-fail-subnet": 2, "v6-allocation-fail-classes": 2, "subnet[1].v6-allocation-fail": 2,
		"v6-ia-na-lease-reuses": 1, "v6-ia-pd-lease-reuses": 1, "subnet[1].v6-ia-pd-lease-reuses": 1,
		"cumulative-assigned-nas": 4, "subnet[1].cumulative-assigned-pds": 4, "subnet[1].pool[0].cumulative-assigned-nas": 4,
		"subnet[1].total-nas": 4, "subnet[1].assigned-nas": 3, "subnet[1].declined-addresses": 1,
		"subnet[1].total-pds": 4, "subnet[1].assigned-pds": 4, "subnet[1].pd-pool[0].assigned-pds": 4,
		"assigned-nas": 3, "assigned-pds": 4, "declined-addresses": 1,
	} {
		require.Equal(t, want, b.stat(name), name)
	}
}
