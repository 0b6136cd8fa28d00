package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
// they have one thread, and hear of each other by their control agents. It makes
// no difference whether the file says so.
func TestMigrateKeaPairWithAgents(t *testing.T) {
	t.Parallel()
	testnet.Require(t, "kea-ctrl-agent")
	for name, change := range map[string]func(s *haServer){
		"by default": func(s *haServer) { delete(haHook(s.config), "multi-threading") },
		"as the file says": func(s *haServer) {
			haHook(s.config)["multi-threading"] = map[string]any{"enable-multi-threading": false, "http-dedicated-listener": false}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRelationship(t, "hot-standby", patientPair)
			w := newHAWorld(t, family4, kinds{keas, keas}, r)
			for _, s := range w.servers {
				delete(s.config, "multi-threading")
				change(s)
			}
			migrateKeaPair(t, w, r)
		})
	}
}

func keaOnly() []kinds { return []kinds{{keas, keas}} }

func migrateKeaPair(t *testing.T, w *haWorld, r relationship) {
	w.ctx = within(t, 2**haPatience)
	s := newSite(t, w, r)
	s.leaseShortly()
	for i, server := range w.servers {
		s.startKea(s.machines[server.name], i)
	}
	w.awaitBoth(r.normal())
	clients, programs := newClientele(w, 40), s.startClients()

	for _, section := range []string{
		"Before", "Replace server2", "Replace server1",
		"Back on server1", "Back on server2",
		"Replace server2", // once more, with what the first time has left
	} {
		clients.mayCome = !givesBlindly(section, r.mode)
		clients.during(section, func() {
			s.follow(section)
			w.awaitBoth(r.normal())
		})
		clients.haveThemAll(t, w.awaitEqual())
		s.follow("Compare")
	}
	require.Len(t, clients.served(), 2, "the servers are known to clients by what they were")
	for name, c := range programs {
		hasKeptItsLease(t, name, c)
	}
}

// givesBlindly says whether, in a section, a server begins to give addresses out
// before it has heard of those that the other one has given since it was fetched
// from. With a Kea that is so where the server that joins has clients of its own.
func givesBlindly(section, mode string) bool {
	switch section {
	case "Replace server2", "Back on server2":
		return mode == "load-balancing"
	case "Back on server1":
		return true
	default:
		return false
	}
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
	// While nobody asks: by a lease that it cannot tell its partner of the Kea
	// would know.
	w.command(first.haServer, "ha-maintenance-start", nil)
	w.await(second.haServer, "in-maintenance")
	s.systemctl(second, []string{"stop", "kea-dhcp4-server"})
	s.systemctl(second, []string{"start", "failoverd@dhcp4"})
	w.await(second.haServer, "in-maintenance")
	w.await(first.haServer, "partner-in-maintenance")
	clients.during("started too early", func() {
		s.follow("Started too early")
		w.awaitBoth("hot-standby")
	})
	clients.haveThemAll(t, w.awaitEqual())
}

// startKea starts what is installed on a host at first.
func (s *site) startKea(m *machine, i int) {
	s.t.Helper()
	s.systemctl(m, []string{"start", s.words.Replace("kea-dhcp4-server")})
	if m.config["multi-threading"] != nil {
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

// TestMigrateSingleKea follows docs/migrating.md from a Kea alone to failoverd and
// back, and then to a pair.
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
	for _, section := range []string{"Replace a single Kea", "Back to a single Kea"} {
		clients.during(section, func() { s.follow(section) })
		leases, err := w.leasesOf(first.haServer)
		require.NoError(t, err)
		clients.haveThemAll(t, leases)
	}
	for _, section := range []string{"A partner for a single Kea", "Replace server1"} {
		clients.during(section, func() {
			s.follow(section)
			w.awaitBoth(r.normal())
		})
		clients.haveThemAll(t, w.awaitEqual())
	}
}

// realClient begins the hardware addresses of real clients. Their leases are so
// short that they renew, and rebind, all the time.
const realClient = "02:00:ff"

// leaseShortly has servers of DHCPv4 give real clients such leases.
func (s *site) leaseShortly() {
	if s.family.version != 4 {
		return
	}
	for _, m := range s.machines {
		s.configure(m, func(config map[string]any) {
			config["renew-timer"], config["rebind-timer"] = 4, 8
			config["client-classes"] = []any{map[string]any{
				"name": "real", "test": "substring(pkt4.mac, 0, 3) == 0x" + strings.ReplaceAll(realClient, ":", ""), "valid-lifetime": 40,
			}}
		})
	}
}

// startClients starts the real clients of DHCPv4 and returns once they have
// leases.
func (s *site) startClients() map[string]*testnet.Client {
	s.t.Helper()
	started := map[string]*testnet.Client{}
	if s.family.version != 4 {
		return started
	}
	programs := clientPrograms()
	for i, name := range slices.Sorted(maps.Keys(programs)) {
		testnet.Require(s.t, name)
		h := s.net.Host(name)
		h.Join(s.lan, "eth0")
		h.IP("link", "set", "eth0", "address", fmt.Sprintf("%s:00:00:%02x", realClient, i+1))
		started[name] = programs[name].start(h)
	}
	for _, c := range started {
		c.Await(s.ctx, testnet.Bound)
	}
	return started
}

// hasKeptItsLease says that a client has prolonged its first lease again and
// again, and never had to look for another one.
func hasKeptItsLease(t *testing.T, name string, c *testnet.Client) {
	t.Helper()
	count := map[string]int{}
	addrs := map[netip.Addr]bool{}
	for _, e := range c.Events() {
		count[e.Kind]++
		if e.Addr.IsValid() {
			addrs[e.Addr] = true
		}
	}
	t.Logf("%s reported %v", name, count)
	require.Equal(t, 1, count[testnet.Bound], "%s: %v", name, count)
	for _, bad := range []string{testnet.Nak, testnet.Expire, testnet.Failed, testnet.Decline} {
		require.Zero(t, count[bad], "%s: %v", name, count)
	}
	require.Positive(t, count[testnet.Renew]+count[testnet.Rebind], "%s: %v", name, count)
	require.Len(t, addrs, 1, name)
}
