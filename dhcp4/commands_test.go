package dhcp4

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
)

func run(t testing.TB, mux *ctrl.Mux, command, args string) string {
	req := &ctrl.Request{Command: command}
	if args != "" {
		req.Arguments = json.RawMessage(args)
	}
	r := mux.Run(context.Background(), req)
	return asJSON(t, struct {
		Arguments any    `json:"arguments,omitempty"`
		Result    int    `json:"result"`
		Text      string `json:"text,omitempty"`
	}{r.Arguments, r.Result, r.Text})
}

func TestCommands(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(), nil)
	mux := ctrl.NewMux()
	var status int
	reload := errors.New("no such file")
	b.e.Register(mux, &Commands{
		Version:  "1.2.3",
		Reload:   func(context.Context) error { return reload },
		Shutdown: func(n int) { status = n },
		Status:   func() map[string]any { return map[string]any{"high-availability": []string{}} },
	})
	for _, c := range []struct{ command, args, want string }{
		{"dhcp-disable", `{"origin": "user"}`, `{"result":0,"text":"DHCPv4 service disabled"}`},
		{"dhcp-enable", `{"origin": "user"}`, `{"result":0,"text":"DHCP service successfully enabled"}`},
		{"config-test", "", `{"result":1,"text":"Missing mandatory 'arguments' parameter."}`},
		{"config-test", `{"Dhcp6": {}}`, `{"result":1,"text":"Missing mandatory 'Dhcp4' parameter."}`},
		{"config-test", `{"Dhcp4": {}}`, `{"result":0,"text":"Configuration seems sane. Control-socket, hook-libraries, and D2 configuration were sanity checked, but not applied."}`},
		{"config-reload", "", `{"result":1,"text":"Config reload failed: no such file"}`},
		{"shutdown", `{"exit-value": 3}`, `{"result":0,"text":"Shutting down."}`},
	} {
		require.JSONEq(t, c.want, run(t, mux, c.command, c.args), c.command)
	}
	require.Equal(t, 3, status)
	require.Contains(t, run(t, mux, "config-test", `{"Dhcp4": {"subnet4": [{"subnet": "nonsense"}]}}`), `"result":1`)
	reload = nil
	require.Contains(t, run(t, mux, "config-reload", ""), `"result":0`)
	require.Contains(t, run(t, mux, "version-get", ""), `1.2.3`)

	var got struct {
		Arguments struct {
			Dhcp4 *Config
			Hash  string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(run(t, mux, "config-get", "")), &got))
	require.Equal(t, asJSON(t, b.e.Config()), asJSON(t, got.Arguments.Dhcp4))
	require.Len(t, got.Arguments.Hash, 64)
	require.Contains(t, run(t, mux, "config-hash-get", ""), got.Arguments.Hash)

	addr := b.lease(1)
	require.Contains(t, run(t, mux, "lease4-get", `{"ip-address": "`+addr+`"}`), `"result":2`)
	b.e.RegisterLeases(mux)
	require.Contains(t, run(t, mux, "lease4-get", `{"ip-address": "`+addr+`"}`), `"subnet-id":1`)
	require.Contains(t, run(t, mux, "statistic-get", `{"name": "subnet[1].assigned-addresses"}`), `[[1,`)

	var st struct{ Arguments map[string]any }
	require.NoError(t, json.Unmarshal([]byte(run(t, mux, "status-get", "")), &st))
	for _, member := range []string{"pid", "uptime", "reload", "multi-threading-enabled", "sockets", "high-availability"} {
		require.Contains(t, st.Arguments, member)
	}
}

func TestServiceDisabled(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(), nil)
	b.e.Service().Disable(ctrl.OriginPartner, 0)
	require.Equal(t, "silence", short(b.ask(discover, 1)))
	require.EqualValues(t, 1, b.stat("pkt4-service-disabled"))
	b.e.Service().Enable(ctrl.OriginPartner)
	require.Equal(t, "OFFER 192.0.2.10", short(b.ask(discover, 1)))
}

func TestStatistics(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(), nil)
	for client := range byte(4) {
		b.lease(client)
	}
	b.ask(discover, 9)
	b.ask(request, 9, requested("192.0.2.10"), toServer("192.0.2.1"))
	b.ask(request, 1, ciaddr("192.0.2.11"), unicast)
	b.ask(release, 2, ciaddr("192.0.2.12"), toServer("192.0.2.1"))
	b.ask(decline, 3, requested("192.0.2.13"), toServer("192.0.2.1"))
	for name, want := range map[string]int64{
		"pkt4-received": 13, "pkt4-discover-received": 5, "pkt4-request-received": 6, "pkt4-release-received": 1, "pkt4-decline-received": 1,
		"pkt4-sent": 10, "pkt4-offer-sent": 4, "pkt4-ack-sent": 5, "pkt4-nak-sent": 1, "pkt4-receive-drop": 1,
		"v4-allocation-fail": 1, "v4-allocation-fail-subnet": 1, "subnet[1].v4-allocation-fail": 1,
		"cumulative-assigned-addresses": 4, "subnet[1].cumulative-assigned-addresses": 4,
		"subnet[1].total-addresses": 4, "subnet[1].assigned-addresses": 3, "subnet[1].declined-addresses": 1,
		"subnet[1].pool[0].total-addresses": 4, "subnet[1].pool[0].assigned-addresses": 3,
		"assigned-addresses": 3, "declined-addresses": 1,
	} {
		require.Equal(t, want, b.stat(name), name)
	}
}

func TestSamplesOfStatistics(t *testing.T) {
	t.Parallel()
	const subnet = `"subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "pools": [{"pool": "192.0.2.10-192.0.2.13"}]}]`
	b := newBench(t, `"statistic-default-sample-count": 2, `+subnet, nil)
	mux := ctrl.NewMux()
	b.e.Register(mux, nil)
	samples := func(name string) int {
		var answer struct{ Arguments map[string][]any }
		require.NoError(t, json.Unmarshal([]byte(run(t, mux, "statistic-get", `{"name": "`+name+`"}`)), &answer))
		return len(answer.Arguments[name])
	}
	for client := range byte(4) {
		b.lease(client)
	}
	require.Equal(t, 2, samples("pkt4-discover-received"))
	require.Equal(t, 2, samples("subnet[1].cumulative-assigned-addresses"))

	require.NoError(t, b.e.Reload(config(t, `"statistic-default-sample-count": 0, "statistic-default-sample-age": 3600, `+subnet)))
	for range 30 {
		b.ask(discover, 1)
	}
	require.Equal(t, 32, samples("pkt4-discover-received"))
}

func TestReload(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(), nil)
	require.Equal(t, "OFFER 192.0.2.10", short(b.ask(discover, 1)))
	old := b.e.Config()
	require.Error(t, b.e.Reload(&Config{Subnets: []Subnet{{}}}))
	require.Same(t, old, b.e.Config(), "a bad configuration changes nothing")

	require.NoError(t, b.e.Reload(config(t, `"subnet4": [{"id": 2, "subnet": "192.0.2.0/24", "pools": [{"pool": "192.0.2.10-192.0.2.19"}]}]`)))
	require.Equal(t, "OFFER 192.0.2.11", short(b.ask(discover, 2, requested("192.0.2.10"))), "an offer stays good")
	require.Equal(t, "ACK 192.0.2.10", short(b.ask(request, 1, requested("192.0.2.10"), toServer("192.0.2.1"))))
	require.EqualValues(t, 2, b.stored("192.0.2.10").SubnetID)
	mux := ctrl.NewMux()
	b.e.Register(mux, nil)
	require.NotContains(t, run(t, mux, "statistic-get-all", ""), "subnet[1].")
	require.Contains(t, run(t, mux, "statistic-get-all", ""), "subnet[2].total-addresses")
}

func TestRunReclaims(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, oneSubnet("", `, "valid-lifetime": 100, "expired-leases-processing": {"reclaim-timer-wait-time": 0}`), nil)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- b.e.Run(ctx) }()
		b.put(ended(1, "192.0.2.10"))
		time.Sleep(time.Hour)
		require.Zero(t, b.stat("reclaimed-leases"))
		require.NoError(t, b.e.Reload(config(t, oneSubnet("", `, "expired-leases-processing": {"reclaim-timer-wait-time": 5, "hold-reclaimed-time": 0}`))))
		time.Sleep(time.Minute)
		require.Nil(t, b.stored("192.0.2.10"))
		require.EqualValues(t, 1, b.stat("subnet[1].reclaimed-leases"))
		cancel()
		require.NoError(t, <-done)
	})
}
