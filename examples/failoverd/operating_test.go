package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// TestOperatingPage does what docs/operating.md has an operator do, command by
// command, in the situations that it is written for, and reads what it says will
// be read.
func TestOperatingPage(t *testing.T) {
	t.Parallel()
	book := readRunbook(t)
	scenes := map[string]struct {
		mode   string
		change map[string]any
		play   func(t *testing.T, o *operator)
	}{
		"all is well":           {"hot-standby", nil, operateWell},
		"switched off":          {"hot-standby", nil, operateSwitchedOff},
		"declined":              {"hot-standby", nil, operateDeclined},
		"dead":                  {"hot-standby", map[string]any{"max-response-delay": 60000, "max-ack-delay": 10000, "max-unacked-clients": 10}, operateDead},
		"a person decides":      {"hot-standby", map[string]any{"peers": peersWithoutFailover()}, operatePersonDecides},
		"a split":               {"hot-standby", nil, operateSplit},
		"paused":                {"load-balancing", map[string]any{"state-machine": pausedWhenReady()}, operatePaused},
		"maintenance":           {"load-balancing", nil, operateMaintenance},
		"another configuration": {"hot-standby", nil, operateConfiguration},
		"another host":          {"hot-standby", nil, operateReplaced},
		"a backup":              {"hot-standby", nil, operateBackup},
		"no address":            {"hot-standby", nil, operateURL},
	}
	var played atomic.Int32
	t.Run("scenes", func(t *testing.T) { // which ends when all of them have
		for name, scene := range scenes {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				scene.play(t, book.operator(t, scene.mode, scene.change))
				played.Add(1)
			})
		}
	})
	if int(played.Load()) == len(scenes) {
		book.complete(t)
	}
}

func (o *operator) startBoth() (first, second *haServer) {
	o.t.Helper()
	o.start()
	o.awaitBoth(o.normal())
	return o.servers[0], o.servers[1]
}

// normal is the state in which both servers work.
func (o *operator) normal() string {
	status, err := o.servers[0].status(o.ctx)
	require.NoError(o.t, err)
	return status.Mode
}

func operateWell(t *testing.T, o *operator) {
	first, second := o.startBoth()
	o.getMany(1, 5)
	o.comesToSay(first, "How to look", 1, 0)
	o.comesToSay(second, "How to look", 1, 1)
	require.Contains(t, o.at(first, "How to look", 2), `"ready"`)
	require.Contains(t, o.at(first, "How to look", 4), `msg="state changed"`)

	require.Contains(t, o.at(first, "A server does not come back", 0), "serves the clients of server1")
	o.at(first, "The disk is full, or fails", 0)
	require.Contains(t, o.at(first, "A clock is wrong", 0), "UTC")
	require.Contains(t, o.at(second, "Updates are not acknowledged", 0), "has all updates")
	require.Contains(t, o.at(first, "No address is left", 0), "assigned-addresses")
	require.Contains(t, o.at(first, "It does not start", 0), "server1")
	require.Regexp(t, `^(\[\d+,.*\n){3}$`, o.at(first, "Too many queries", 0))

	o.at(second, "A rolling update", 0)
	o.awaitBoth("hot-standby")
	o.at(first, "A rolling update", 0)
	o.awaitBoth("hot-standby")
	o.getMany(6, 8)
	o.awaitLeases(8)
}

func operateSwitchedOff(t *testing.T, o *operator) {
	first, _ := o.startBoth()
	o.command(first, "dhcp-disable", nil)
	out := o.at(first, "Nobody is served", 0)
	require.Contains(t, out, "serves nobody: the DHCP service is switched off")
	require.Contains(t, out, `"disabled-by-user":true`)
	require.Equal(t, "DHCP service successfully enabled\n", o.at(first, "Nobody is served", 1))
	o.get(1)
	require.Regexp(t, `^\[[1-9]\d*,`, o.at(first, "Nobody is served", 2))
	o.at(first, "Nobody is served", 3)
}

func operateDeclined(t *testing.T, o *operator) {
	first, second := o.startBoth()
	l := o.get(1)
	o.awaitEqual()
	o.decline(l)
	o.awaitEqual()
	o.addr = l.addr.String()
	require.Equal(t, 2, strings.Count(o.at(second, "An address is used twice", 0), o.addr))
	o.at(first, "An address is used twice", 1)
	require.Empty(t, o.awaitEqual(), "the other is told")
}

func operateDead(t *testing.T, o *operator) {
	first, second := o.startBoth()
	leases := o.getMany(1, 4)
	o.awaitEqual()
	first.kill()
	o.comesToSay(second, "A server is dead", 0, 0)
	o.says(second, "A server is dead", 1)
	o.comesToSay(second, "A server is dead", 0, 1)
	for _, l := range leases {
		o.renew(l)
	}
	servedBy(t, second, o.getMany(5, 8)...)
	o.start(first)
	o.awaitBoth("hot-standby")
	servedBy(t, first, o.get(9))
	o.awaitLeases(9)
}

func peersWithoutFailover() []any {
	return []any{
		map[string]any{"name": "server1", "url": family4.url(1), "role": "primary", "auto-failover": false},
		map[string]any{"name": "server2", "url": family4.url(2), "role": "standby", "auto-failover": false},
	}
}

func operatePersonDecides(t *testing.T, o *operator) {
	first, second := o.startBoth()
	first.kill()
	o.until(second, "A server is dead", 0, "partner-down, serves nobody: auto-failover is false")
	o.says(second, "A server is dead", 1)
	servedBy(t, second, o.getMany(1, 3)...)
	o.start(first)
	o.awaitBoth("hot-standby")
	o.awaitLeases(3)
}

func operateSplit(t *testing.T, o *operator) {
	first, second := o.startBoth()
	require.Contains(t, o.at(first, "They cannot hear each other", 0), ":8000")
	heal := o.sever(testnet.Rejected)
	o.await(first, "partner-down")
	o.await(second, "partner-down")
	out, err := o.try(first, o.book.command(t, "They cannot hear each other", 0))
	require.Error(t, err)
	require.Contains(t, out, "partner-down, serves the clients of server1,")
	require.Contains(t, out, "curl:")
	o.at(second, "They cannot hear each other", 1)
	servedBy(t, first, o.getMany(1, 3)...)
	heal()
	o.start(second)
	o.awaitBoth("hot-standby")
	o.awaitLeases(3)
}

func pausedWhenReady() map[string]any {
	return map[string]any{"states": []any{map[string]any{"state": "ready", "pause": "once"}}}
}

func operatePaused(_ *testing.T, o *operator) {
	o.start()
	for _, s := range o.servers {
		o.until(s, "A server does not come back", 0, "ready, paused until ha-continue, serves nobody: waiting for ha-continue")
		o.says(s, "A server does not come back", 1)
	}
	o.awaitBoth("load-balancing")
	o.says(o.servers[1], "A server does not come back", 3)
	o.awaitBoth("load-balancing")
}

func operateMaintenance(t *testing.T, o *operator) {
	first, second := o.startBoth()
	o.says(second, "Maintenance of one server", 0)
	o.until(first, "A server does not come back", 0, "in-maintenance, serves nobody: in maintenance, the partner serves")
	o.says(second, "A server does not come back", 2)
	o.awaitBoth("load-balancing")

	o.says(second, "Maintenance of one server", 0)
	o.await(first, "in-maintenance")
	o.at(first, "Maintenance of one server", 1)
	servedBy(t, second, o.getMany(1, 6)...)
	o.await(second, "partner-down")
	o.at(first, "Maintenance of one server", 2)
	o.awaitBoth("load-balancing")
	o.awaitLeases(6)
}

func operateConfiguration(t *testing.T, o *operator) {
	first, second := o.startBoth()
	differs := func() bool {
		for _, s := range o.servers {
			o.at(s, "The configurations differ", 0)
		}
		one, err := os.ReadFile(filepath.Join(o.dir, "server1.json"))
		require.NoError(t, err)
		other, err := os.ReadFile(filepath.Join(o.dir, "server2.json"))
		require.NoError(t, err)
		require.Contains(t, string(one), "valid-lifetime")
		return string(one) != string(other)
	}
	require.False(t, differs(), "what is the server's own is left out")
	change := func(s *haServer, lifetime any) {
		s.config["valid-lifetime"] = lifetime
		text, err := json.Marshal(s.config)
		require.NoError(t, err)
		s.program.configure(string(text))
	}
	change(first, 1800)
	require.Contains(t, o.at(first, "Changing the configuration of a pair", 0), "server1")
	o.until(first, "A server does not come back", 0, "ITS CONFIGURATION DIFFERS")
	require.True(t, differs())
	change(second, 1800)
	o.at(second, "Changing the configuration of a pair", 0)
	o.until(first, "A server does not come back", 0, `server2 \(standby\): hot-standby, last answer \S+ \S+\n`)
	require.False(t, differs())

	change(second, -1)
	_, err := o.try(second, o.book.command(t, "Changing the configuration of a pair", 0))
	require.Error(t, err)
	o.systemctl(second, "reload failoverd@dhcp4")
	second.program.awaitLog(o.ctx, `msg="not reloaded, the configuration in force stays"`)
	o.get(1)
}

func operateReplaced(t *testing.T, o *operator) {
	first, _ := o.startBoth()
	o.getMany(1, 5)
	o.awaitEqual()
	for _, s := range o.servers {
		o.at(s, "Replacing a host", 0)
		o.awaitBoth("hot-standby")
		o.awaitLeases(5)
	}
	o.at(first, "How to look", 3) // which fails if they differ
}

func operateBackup(t *testing.T, o *operator) {
	first, second := o.startBoth()
	leases := o.getMany(1, 4)
	o.awaitEqual()
	for i, s := range []*haServer{second, first} {
		o.at(s, "A backup of the leases", 0)
		o.awaitBoth("hot-standby")
		o.getMany(5+4*i, 8+4*i)
		o.renew(leases[0])
		o.awaitEqual()
		exported := filepath.Join(o.dir, "leases.csv")
		_ = os.Remove(exported) // that of the other
		o.at(s, "A backup of the leases", 1)
		require.FileExists(t, exported)
		o.at(s, "A backup of the leases", 2)
		o.awaitBoth("hot-standby")
		o.awaitLeases(8 + 4*i)
	}
	second.program.awaitLog(o.ctx, `msg="the peer has lost changes; they are given back to it"`)
}

// operateURL takes a server's address away from its host.
func operateURL(t *testing.T, o *operator) {
	first := o.servers[0]
	o.start(o.servers[1])
	first.host.DelAddr("ha0", o.family.linkAddr(1).String())
	o.start(first)
	require.Contains(t, o.at(first, "Its url cannot be served", 0), "THE COMMANDS OF PEERS ARE NOT TAKEN at "+first.url)
	first.host.AddAddr("ha0", o.family.linkAddr(1).String())
	first.program.awaitLog(o.ctx, `msg="takes the commands of peers"`)
	o.awaitBoth("hot-standby")
}
