package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// newHub returns the branches of a hub, each a world of its own in which the
// hub is the second server. Nothing is started yet.
func newHub(t *testing.T, f *haFamily) (branches []*haWorld, hub *haServer) {
	t.Helper()
	testnet.Require(t, "ip", "nft", f.program())
	n, ctx := testnet.New(t), within(t, *haPatience)
	link, machine := n.LAN(), n.Host("hub")
	machine.Join(link, "ha0", f.linkAddr(2).String())
	library := newRelationship(t, "hot-standby", nil).library
	relationship := func(branch int, this string) map[string]any {
		return map[string]any{
			"this-server-name": fmt.Sprintf("%s%d", this, branch),
			"mode":             "hot-standby",
			"heartbeat-delay":  300, "max-response-delay": 2000, "max-ack-delay": 500, "max-unacked-clients": 0,
			"multi-threading": map[string]any{"enable-multi-threading": true, "http-dedicated-listener": true},
			"peers": []any{
				map[string]any{"name": fmt.Sprintf("spoke%d", branch), "url": f.url(10 + branch), "role": "primary"},
				map[string]any{"name": fmt.Sprintf("hub%d", branch), "url": f.url(2), "role": "standby"},
			},
		}
	}
	config := func(links []string, relationships ...any) map[string]any {
		return map[string]any{
			"interfaces-config": map[string]any{"interfaces": links},
			"valid-lifetime":    3600,
			"hooks-libraries": []any{
				map[string]any{"library": leaseCommandsLibrary()},
				map[string]any{"library": filepath.Join(filepath.Dir(library), "libdhcp_ha.so"), "parameters": map[string]any{"high-availability": relationships}},
			},
		}
	}
	both := config([]string{"eth1", "eth2"}, relationship(1, "hub"), relationship(2, "hub"))
	// The subnet says whose it is, or its shared network does, by the name of
	// either server.
	one, two := f.subnet(1, "eth1"), f.subnet(2, "eth2")
	one["user-context"] = map[string]any{"ha-server-name": "hub1"}
	both[f.named("subnet%d")] = []any{one}
	both["shared-networks"] = []any{map[string]any{
		"name": "two", "interface": "eth2", "user-context": map[string]any{"ha-server-name": "spoke2"}, f.named("subnet%d"): []any{two},
	}}
	for branch := 1; branch <= 2; branch++ {
		lan := n.LAN()
		spoke := &haServer{
			name: fmt.Sprintf("spoke%d", branch), kind: ours, host: n.Host(fmt.Sprintf("spoke%d", branch)),
			config: config([]string{"eth0"}, relationship(branch, "spoke")),
		}
		spoke.config[f.named("subnet%d")] = []any{f.subnet(branch, "eth0")}
		spoke.host.Join(link, "ha0", f.linkAddr(10+branch).String())
		atHub := &haServer{name: fmt.Sprintf("hub%d", branch), kind: ours, host: machine, branch: branch, config: both}
		clients := n.Host(fmt.Sprintf("clients%d", branch))
		for i, server := range []*haServer{spoke, atHub} {
			addr := f.lanAddr(branch, i+1)
			server.id = f.identify(server.config, addr.Addr())
			server.host.Join(lan, []string{"eth0", fmt.Sprintf("eth%d", branch)}[i], addr.String())
		}
		clients.Join(lan, "eth0", f.lanAddr(branch, 9).String())
		branches = append(branches, &haWorld{
			t: t, ctx: ctx, family: f, net: n, servers: []*haServer{spoke, atHub},
			clients: f.crowd(t, clients, "eth0", branch),
		})
	}
	return branches, branches[0].servers[1]
}

// TestHAHub has one server stand by for two, each of which has a branch of the
// network.
func TestHAHub(t *testing.T) { eachFamily(t, testHAHub) }

func testHAHub(t *testing.T, f *haFamily) {
	branches, hub := newHub(t, f)
	branches[0].start(hub)
	other := branches[1].servers[1]
	other.program, other.socket = hub.program, hub.socket // it is the same process
	for _, w := range branches {
		w.start(w.servers[0])
	}
	for i, w := range branches {
		w.awaitBoth("hot-standby")
		for _, s := range w.servers {
			status, err := s.status(w.ctx)
			require.NoError(t, err)
			require.Equal(t, s.name, status.Servers.Local.Name)
			require.Equal(t, w.partner(s).name, status.Servers.Remote.Name)
		}
		said, err := call(w.ctx, hub.socket, "ha-status", nil)
		require.NoError(t, err)
		require.Contains(t, said.Text, fmt.Sprintf("hub%d (hot-standby, standby): hot-standby, serves nobody: standing by for the primary", i+1))
		require.NotContains(t, said.Text, "DIFFERS", "a hub serves more than a spoke")
	}

	var commands []string
	require.NoError(t, json.Unmarshal(branches[0].command(hub, "list-commands", nil), &commands))
	require.Contains(t, commands, "ha-status")

	// The same clients are in both branches.
	client := 0
	served := func(w *haWorld, by *haServer) []haLease {
		t.Helper()
		client += 4
		leases := w.getMany(client-3, client)
		for _, l := range leases {
			servedBy(t, by, l, w.renew(l))
		}
		w.release(leases[0])
		return leases[1:]
	}
	both := func() {
		t.Helper()
		for _, w := range branches {
			served(w, w.servers[0])
			client -= 4
		}
		client += 4
		for _, w := range branches {
			w.awaitEqual()
		}
	}
	both()
	for i, w := range branches {
		spoke, standby, next := w.servers[0], w.servers[1], branches[1-i]
		before := served(w, spoke)
		w.awaitEqual()
		spoke.kill()
		w.await(standby, "partner-down")
		for _, l := range before {
			servedBy(t, standby, w.renew(l))
		}
		served(w, standby)
		next.awaitBoth("hot-standby")
		served(next, next.servers[0])
		next.awaitEqual()
		if i > 0 {
			spoke.forget(t)
		}
		w.start(spoke)
		w.awaitBoth("hot-standby")
		w.awaitEqual()
		both()
	}

	// Without the hub the spokes go on.
	hub.kill()
	for _, w := range branches {
		served(w, w.servers[0])
	}
	branches[0].start(hub)
	for _, w := range branches {
		w.awaitBoth("hot-standby")
		w.awaitEqual()
	}
	both()

	var all struct{ Leases []json.RawMessage }
	require.NoError(t, json.Unmarshal(branches[0].command(hub, f.named("lease%d-get-all"), nil), &all))
	require.Len(t, all.Leases, len(branches[0].awaitEqual())+len(branches[1].awaitEqual()))
}
