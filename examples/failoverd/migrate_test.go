package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// patientPair are parameters with which a server that is gone is given up after
// longer than any client of these tests waits (see leftAlone): what answers them
// earlier is that the administrator has said what is going on.
var patientPair = map[string]any{
	"heartbeat-delay": 500, "max-response-delay": 60_000, "max-ack-delay": 10_000, "max-unacked-clients": 10,
}

// TestMigrateKeaPair follows docs/migrating.md from a pair of Keas to one of
// failoverd and back, with clients all the time.
func TestMigrateKeaPair(t *testing.T) {
	eachRelationship(t, keaOnly, bothModes, patientPair, migrateKeaPair)
}

// TestMigrateKeaPairWithAgents is the same for Keas as Kea 2.2 is by default:
// they have one thread, and hear of each other by their control agents.
func TestMigrateKeaPairWithAgents(t *testing.T) {
	t.Parallel()
	testnet.Require(t, "kea-ctrl-agent")
	r := newRelationship(t, "hot-standby", patientPair)
	w := newHAWorld(t, family4, kinds{keas, keas}, r)
	for _, s := range w.servers {
		delete(haHook(s.config), "multi-threading")
		delete(s.config, "multi-threading")
	}
	migrateKeaPair(t, w, r)
}

func keaOnly() []kinds { return []kinds{{keas, keas}} }

func migrateKeaPair(t *testing.T, w *haWorld, r relationship) {
	w.ctx = within(t, 2**haPatience)
	s := newSite(t, w, r)
	for i, server := range w.servers {
		m := s.machines[server.name]
		s.startKea(m, i)
	}
	w.awaitBoth(r.normal())
	clients := newClientele(w, 40)

	for _, section := range []string{
		"Before", "Replace server2", "Replace server1",
		"Back on server2", "Back on server1",
		"Replace server2", // once more, with what the first time has left
	} {
		clients.during(section, func() {
			s.follow(section)
			w.awaitBoth(r.normal())
		})
		clients.haveThemAll(t, w.awaitEqual())
	}
	require.Len(t, clients.served(), 2, "the servers are known to clients by what they were")
}

// TestMigrateTooEarly starts failoverd before the Kea has known that its partner
// is gone, and has the two be a pair all the same.
func TestMigrateTooEarly(t *testing.T) {
	t.Parallel()
	r := newRelationship(t, "hot-standby", patientPair)
	w := newHAWorld(t, family4, kinds{keas, keas}, r)
	s := newSite(t, w, r)
	// The Kea asks so seldom that it is not too late here.
	const seldom = 5000
	for i, server := range w.servers {
		m := s.machines[server.name]
		s.configure(m, func(config map[string]any) { haHook(config)["heartbeat-delay"] = seldom })
		s.startKea(m, i)
	}
	w.awaitBoth("hot-standby")
	clients := newClientele(w, 40)
	first, second := s.machines["server1"], s.machines["server2"]
	s.configure(second, func(config map[string]any) { haHook(config)["heartbeat-delay"] = 500 })
	clients.during("started too early", func() {
		w.command(first.haServer, "ha-maintenance-start", nil)
		w.await(second.haServer, "in-maintenance")
		s.systemctl(second, []string{"stop", "kea-dhcp4-server"})
		s.systemctl(second, []string{"start", "failoverd@dhcp4"})
		w.await(second.haServer, "in-maintenance")
		w.await(first.haServer, "partner-in-maintenance")
		s.follow("Started too early")
		w.awaitBoth("hot-standby")
	})
	clients.haveThemAll(t, w.awaitEqual())
}

// startKea starts what is installed on a host at first.
func (s *site) startKea(m *machine, i int) {
	s.t.Helper()
	s.systemctl(m, []string{"start", s.words.Replace("kea-dhcp4-server")})
	if haHook(m.config)["multi-threading"] != nil {
		return
	}
	m.agent = true
	text, err := json.Marshal(map[string]any{"Control-agent": map[string]any{
		"http-host": s.family.linkAddr(i + 1).Addr().String(), "http-port": 8000,
		"control-sockets": map[string]any{"dhcp4": map[string]any{"socket-type": "unix", "socket-name": m.socket}},
	}})
	require.NoError(s.t, err)
	require.NoError(s.t, os.WriteFile(filepath.Join(m.dir, "kea-ctrl-agent.conf"), text, 0o644))
	s.systemctl(m, []string{"start", "kea-ctrl-agent"})
}

// TestMigrateSingleKea follows docs/migrating.md from a Kea alone to a pair of
// failoverd.
func TestMigrateSingleKea(t *testing.T) {
	t.Parallel()
	r := newRelationship(t, "hot-standby", nil)
	w := newHAWorld(t, family4, kinds{keas, keas}, r)
	for _, s := range w.servers {
		delete(s.config, "multi-threading")
		s.config["hooks-libraries"] = s.config["hooks-libraries"].([]any)[:1]
	}
	s := newSite(t, w, r)
	first, second := s.machines["server1"], s.machines["server2"]
	require.NoError(t, os.Remove(second.place("/etc/kea/kea-dhcp4.conf"))) // it is to come from the other
	s.systemctl(first, []string{"start", "kea-dhcp4-server"})
	clients := newClientele(w, 40)
	for _, section := range []string{"A partner for a single Kea", "Replace server1"} {
		clients.during(section, func() {
			s.follow(section)
			w.awaitBoth(r.normal())
		})
		clients.haveThemAll(t, w.awaitEqual())
	}
}
