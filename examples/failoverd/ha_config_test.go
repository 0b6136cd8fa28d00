package main

import (
	"flag"
	"path/filepath"
	"testing"
	"time"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

var (
	keaPairs   = flag.Bool("kea-pairs", false, "run the tests of high availability also with two Keas")
	haPatience = flag.Duration("ha-patience", 3*time.Minute, "how long a test of high availability may take")
)

// relationship is how two servers work together, in the words of Kea's hook
// parameters.
type relationship struct {
	mode    string         // load-balancing, hot-standby or passive-backup
	change  map[string]any // members instead of those that config gives
	library string         // libdhcp_ha.so
	backup  bool           // server3 is the backup of both
}

func newRelationship(t *testing.T, mode string, change map[string]any) relationship {
	t.Helper()
	return relationship{mode: mode, change: change, library: testnet.KeaHook(t, "libdhcp_ha.so")}
}

// normal is the state in which both servers work.
func (r relationship) normal() string { return r.mode }

// config returns the configuration of a server, a Dhcp4 or Dhcp6 object that
// both kinds take.
func (r relationship) config(f *haFamily, name string) map[string]any {
	second := map[string]string{"load-balancing": "secondary", "hot-standby": "standby", "passive-backup": "backup"}[r.mode]
	peers := []any{
		map[string]any{"name": "server1", "url": f.url(1), "role": "primary"},
		map[string]any{"name": "server2", "url": f.url(2), "role": second},
	}
	if r.backup {
		peers = append(peers, map[string]any{"name": "server3", "url": f.url(3), "role": "backup"})
	}
	ha := map[string]any{
		"this-server-name": name,
		"mode":             r.mode,
		"heartbeat-delay":  300, "max-response-delay": 3000, "max-ack-delay": 500, "max-unacked-clients": 0,
		"multi-threading": map[string]any{"enable-multi-threading": true, "http-dedicated-listener": true, "http-listener-threads": 2, "http-client-threads": 2},
		"peers":           peers,
	}
	for key, value := range r.change {
		ha[key] = value
	}
	var classes []string
	if r.mode == "load-balancing" {
		classes = []string{"HA_server1", "HA_server2"}
	}
	return map[string]any{
		"interfaces-config": map[string]any{"interfaces": []string{"eth0"}},
		"multi-threading":   map[string]any{"enable-multi-threading": true, "thread-pool-size": 2, "packet-queue-size": 64},
		"valid-lifetime":    3600,
		f.named("subnet%d"): []any{f.subnet(1, "eth0", classes...)},
		"hooks-libraries": []any{
			map[string]any{"library": leaseCommandsLibrary()},
			map[string]any{"library": filepath.Join(filepath.Dir(r.library), "libdhcp_ha.so"), "parameters": map[string]any{"high-availability": []any{ha}}},
		},
	}
}
