package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
)

// membersOf returns the names in what becomes an object.
func membersOf(t testing.TB, v any) (names []string) {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	var members map[string]any
	require.NoError(t, json.Unmarshal(b, &members))
	for name := range members {
		names = append(names, name)
	}
	return names
}

func TestCommands(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	c := newCore(t, Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	mux := ctrl.NewMux()
	cfg := map[string]any{"valid-lifetime": 1}
	bad, reload, notReady := errors.New("bad"), errors.New("no such file"), errors.New("eth0 is down")
	var tested, status any
	c.Register(mux, Commands{
		Family: ctrl.V6,
		Config: func() any { return cfg },
		Test: func(file io.Reader) error {
			b, err := io.ReadAll(file)
			require.NoError(t, err)
			tested = string(b)
			return bad
		},
		NotReady: func() error { return notReady },
		Version:  "1.2.3",
		Reload:   func(context.Context) error { return reload },
		Shutdown: func(n int) { status = n },
		Status:   func() map[string]any { return map[string]any{"high-availability": 1} },
	})
	c.RegisterLeases(mux, ctrl.V6)
	run := func(command, args string) ctrl.Response {
		return mux.Run(t.Context(), &ctrl.Request{Command: command, Arguments: json.RawMessage(args)})
	}
	for _, a := range []struct {
		command, args string
		result        int
		text          string
	}{
		{"config-test", ``, 1, "Missing mandatory 'arguments' parameter."},
		{"config-test", `{"Dhcp4": {}}`, 1, "Missing mandatory 'Dhcp6' parameter."},
		{"config-test", `{"Dhcp6": {}}`, 1, "bad"},
		{"config-reload", ``, 1, "Config reload failed: no such file"},
		{"shutdown", `{"exit-value": "x"}`, 1, "Argument to shutdown is not a map with an integer exit-value"},
		{"shutdown", `{"exit-value": 3}`, 0, "Shutting down."},
		{"dhcp-disable", `{"origin": "user"}`, 0, "DHCPv6 service disabled"},
		{"lease6-get", `{"ip-address": "2001:db8::10"}`, 3, "Lease not found."},
		{"stat-lease6-get", `{"subnet-id": 1}`, 0, "stat-lease6-get[subnet-id=1]: 1 rows found"},
	} {
		r := run(a.command, a.args)
		require.Equal(t, a.result, r.Result, a.command)
		require.Equal(t, a.text, r.Text, a.command)
	}
	require.Contains(t, log.String(), `level=WARN msg="the DHCP service is switched off" origin=user`)
	require.Equal(t, `{"Dhcp6": {}}`, tested)
	require.Equal(t, 3, status)
	bad, reload = nil, nil
	require.Equal(t, ctrl.Response{Text: "Configuration successful."}, run("config-reload", ""))
	require.Zero(t, run("config-test", `{"Dhcp6": {}}`).Result)

	got := run("config-get", "").Arguments.(map[string]any)
	require.Equal(t, cfg, got["Dhcp6"])
	require.Equal(t, map[string]any{"hash": got["hash"]}, run("config-hash-get", "").Arguments)
	cfg = map[string]any{"valid-lifetime": 2}
	require.NotEqual(t, map[string]any{"hash": got["hash"]}, run("config-hash-get", "").Arguments)

	st := run("status-get", "").Arguments.(map[string]any)
	require.ElementsMatch(t, []string{"pid", "uptime", "reload", "multi-threading-enabled", "sockets", "dhcp-state", "high-availability"}, membersOf(t, st))
	require.Equal(t, map[string]any{"status": "failed", "errors": []string{"eth0 is down"}}, st["sockets"])
	notReady = nil
	require.Equal(t, map[string]any{"status": "ready"}, run("status-get", "").Arguments.(map[string]any)["sockets"])
}

func TestCommandsLeftOut(t *testing.T) {
	t.Parallel()
	c := newCore(t, Options{})
	mux := ctrl.NewMux()
	c.Register(mux, Commands{Family: ctrl.V4, Config: func() any { return nil }})
	for _, command := range []string{"config-reload", "shutdown", "lease4-get"} {
		require.Equal(t, ctrl.Unsupported, mux.Run(t.Context(), &ctrl.Request{Command: command}).Result, command)
	}
	require.Contains(t, mux.Run(t.Context(), &ctrl.Request{Command: "config-get"}).Arguments, "Dhcp4")
}
