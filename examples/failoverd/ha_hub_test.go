package main

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// newHub returns the branches of a hub, each a world of its own in which the
// hub is the second server. Nothing is started yet.
func newHub(t *testing.T) (branches []*haWorld, hub *haServer) {
	t.Helper()
	testnet.Require(t, "ip", "nft", "kea-dhcp4")
	n, ctx := testnet.New(t), within(t, *haPatience)
	link, machine := n.LAN(), n.Host("hub")
	machine.Join(link, "ha0", "10.77.0.2/24")
	library := newRelationship(t, "hot-standby", nil).library
	relationship := func(branch int, this string) map[string]any {
		return map[string]any{
			"this-server-name": fmt.Sprintf("%s%d", this, branch),
			"mode":             "hot-standby",
			"heartbeat-delay":  300, "max-response-delay": 2000, "max-ack-delay": 500, "max-unacked-clients": 0,
			"multi-threading": map[string]any{"enable-multi-threading": true, "http-dedicated-listener": true},
			"peers": []any{
				map[string]any{"name": fmt.Sprintf("spoke%d", branch), "url": fmt.Sprintf("http://10.77.0.1%d:8000/", branch), "role": "primary"},
				map[string]any{"name": fmt.Sprintf("hub%d", branch), "url": "http://10.77.0.2:8000/", "role": "standby"},
			},
		}
	}
	subnet := func(branch int, link string) map[string]any {
		return map[string]any{
			"id": branch, "subnet": fmt.Sprintf("10.%d.0.0/16", branch), "interface": link,
			"pools": []any{map[string]any{"pool": fmt.Sprintf("10.%d.16.0 - 10.%d.31.255", branch, branch)}},
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
	one, two := subnet(1, "eth1"), subnet(2, "eth2")
	one["user-context"] = map[string]any{"ha-server-name": "hub1"}
	both["subnet4"] = []any{one}
	both["shared-networks"] = []any{map[string]any{
		"name": "two", "interface": "eth2", "user-context": map[string]any{"ha-server-name": "spoke2"}, "subnet4": []any{two},
	}}
	for branch := 1; branch <= 2; branch++ {
		lan := n.LAN()
		spoke := &haServer{
			name: fmt.Sprintf("spoke%d", branch), kind: ours, addr: haAddr(byte(branch), 1), host: n.Host(fmt.Sprintf("spoke%d", branch)),
			config: config([]string{"eth0"}, relationship(branch, "spoke")),
		}
		spoke.config["subnet4"] = []any{subnet(branch, "eth0")}
		spoke.host.Join(lan, "eth0", spoke.addr.String()+"/16")
		spoke.host.Join(link, "ha0", fmt.Sprintf("10.77.0.1%d/24", branch))
		atHub := &haServer{
			name: fmt.Sprintf("hub%d", branch), kind: ours, addr: haAddr(byte(branch), 2), host: machine, branch: branch,
			config: both,
		}
		machine.Join(lan, fmt.Sprintf("eth%d", branch), atHub.addr.String()+"/16")
		clients := n.Host(fmt.Sprintf("clients%d", branch))
		clients.Join(lan, "eth0", haAddr(byte(branch), 3).String()+"/16")
		branches = append(branches, &haWorld{
			t: t, ctx: ctx, net: n, servers: []*haServer{spoke, atHub},
			clients: newCrowd(t, clients, "eth0", fmt.Sprintf("10.%d.16.0/20", branch)),
		})
	}
	return branches, branches[0].servers[1]
}

// TestHAHub has one server stand by for two, each of which has a branch of the
// network.
func TestHAHub(t *testing.T) {
	t.Parallel()
	branches, hub := newHub(t)
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
			require.Equal(t, by.addr, l.server)
			require.Equal(t, by.addr, w.renew(l).server)
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
			require.Equal(t, standby.addr, w.renew(l).server)
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
	require.NoError(t, json.Unmarshal(branches[0].command(hub, "lease4-get-all", nil), &all))
	require.Len(t, all.Leases, len(branches[0].awaitEqual())+len(branches[1].awaitEqual()))
}

func haAddr(branch, host byte) netip.Addr { return netip.AddrFrom4([4]byte{10, branch, 0, host}) }
