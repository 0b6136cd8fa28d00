package ha

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// fuzzedCommands are those that peers and administrators send to a server.
var fuzzedCommands = []string{
	"ha-heartbeat", "ha-sync", "ha-scopes", "ha-continue", "ha-reset", "ha-maintenance-start", "ha-maintenance-cancel", "ha-maintenance-notify",
	"ha-sync-complete-notify", "dhcp-disable", "dhcp-enable", "lease4-get-page", "lease4-update", "lease4-del",
}

// FuzzCommands sends commands with any arguments, a line each, to a server that
// runs and whose partner is away; the first byte of a line tells the command, or
// that time passes. Each is answered, the server goes on saying how it is, and
// the scopes it names are those it serves.
func FuzzCommands(f *testing.F) {
	line := func(name, args string) string {
		return string(rune('A'+slices.Index(fuzzedCommands, name))) + args + "\n"
	}
	f.Add([]byte("1\n" + line("ha-heartbeat", `{"server-name":"server2","state":"hot-standby"}`) + line("ha-maintenance-start", "") + "3\n" + line("ha-maintenance-cancel", "") + line("ha-continue", "")))
	f.Add([]byte(line("ha-scopes", `{"scopes":["server1","server2","server1"],"server-name":"server1"}`) + line("ha-scopes", `{"scopes":[]}`) + "9\n" + line("ha-reset", "null") + line("ha-scopes", `{"scopes":"x"}`)))
	f.Add([]byte("9\n9\n" + line("ha-maintenance-notify", `{"cancel":false,"server-name":"server2","state":"partner-in-maintenance"}`) + "3\n" + line("ha-maintenance-notify", `{"cancel":true}`) + "5\n"))
	f.Add([]byte(line("dhcp-disable", `{"origin":"ha-partner","max-period":60}`) + line("lease4-get-page", `{"from":"start","limit":1}`) + line("ha-sync-complete-notify", `{"origin-id":2000,"server-name":"server2"}`) + line("dhcp-enable", `{"origin":2000}`)))
	f.Add([]byte(line("ha-sync", `{"server-name":"server2","max-period":60}`) + line("lease4-update", `{"ip-address":"192.0.2.7","hw-address":"02:00:00:00:00:01","subnet-id":1,"force-create":true}`) + line("lease4-del", `{"ip-address":"192.0.2.7"}`)))
	f.Fuzz(func(t *testing.T, input []byte) {
		synctest.Test(t, func(t *testing.T) {
			cfg := pairConfig(HotStandby, "server1")
			cfg.Peers[0].URL, cfg.Peers[1].URL = "http://192.0.2.1:8000/", "http://192.0.2.2:8000/"
			cfg.MultiThreading = &MultiThreading{DedicatedListener: new(false)}
			d := newNode(t, nil, Options{Logger: slog.New(slog.DiscardHandler), Dial: func(context.Context, string, string) (net.Conn, error) { return nil, syscall.ECONNREFUSED }}, cfg)
			d.start()
			defer d.end()
			for n := 0; n < 40 && len(input) > 0; n++ {
				var text []byte
				text, input, _ = bytes.Cut(input, []byte("\n"))
				if len(text) == 0 {
					continue
				}
				if c := text[0]; c < 'A' {
					time.Sleep(time.Duration(c) * 700 * time.Millisecond)
					synctest.Wait()
				} else {
					runFuzzed(t, d, fuzzedCommands[int(c-'A')%len(fuzzedCommands)], text[1:])
				}
				checkServer(t, d)
			}
		})
	})
}

func runFuzzed(t *testing.T, d *node, name string, args []byte) {
	if !json.Valid(args) {
		args = nil
	}
	r := d.run(name, string(args))
	require.Contains(t, []int{ctrl.Success, ctrl.Error, ctrl.Empty, ctrl.Conflict, ctrl.MaintenanceNotAllowed}, r.Result, "%s %s: %s", name, args, r.Text)
	require.True(t, r.Result == ctrl.Success || r.Text != "", "%s %s", name, args)
	_, err := json.Marshal(r.Arguments)
	require.NoError(t, err)
}

// checkServer looks whether a server is what it says it is.
func checkServer(t *testing.T, d *node) {
	synctest.Wait()
	r := d.run("ha-heartbeat", "")
	require.Equal(t, ctrl.Success, r.Result)
	raw, err := json.Marshal(r.Arguments)
	require.NoError(t, err)
	said, err := parseHeartbeat(raw)
	require.NoError(t, err)
	require.Equal(t, d.state(), said.State)
	for _, scope := range said.Scopes {
		require.NotNil(t, d.cfgs[0].peer(scope))
	}
	classes, serves := d.Admit(lease.Client{HWAddr: []byte{2, 0, 0, 0, 0, 1}}, 0, nil)
	if serves {
		require.True(t, d.Service.opts.Switch.Enabled())
		require.Contains(t, said.Scopes, "server1", "%v", classes)
	}
}
