package main

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/dhcp6"
	"github.com/dhcpha/dhcpha/internal/testnet"
	"github.com/dhcpha/dhcpha/lease"
)

func TestFile6(t *testing.T) {
	t.Parallel()
	output, status := testFile(t, strings.NewReplacer("Dhcp4", "Dhcp6", "subnet4", "subnet6",
		"192.0.2.0/24", "2001:db8::/64", "192.0.2.100-192.0.2.199", "2001:db8::100-2001:db8::199").Replace(fileWithAll))
	require.Zero(t, status, output)
	require.Contains(t, output, "has no mistakes")

	output, status = testFile(t, `{"Dhcp6": {
	"valid-lifetme": 100,
	"hooks-libraries": [{"library": "/usr/lib/kea/hooks/libdhcp_radius.so"}],
	"hosts-database": {"type": "mysql"},
	"subnet6": [{"id": 1, "subnet": "2001:db8::/64",
		"pools": [{"pool": "2001:db8:1::1-2001:db8:1::9"}], "pd-pools": [{"prefix": "2001:db8:8000::", "prefix-len": 56, "delegated-len": 48}]}]
}}`)
	require.Equal(t, 1, status)
	for _, want := range []string{
		`conf:2:2: valid-lifetme: unknown key`,
		`conf:3:34: hooks-libraries[0].library: is not supported: this server has nothing of libdhcp_radius`,
		`conf:4:2: hosts-database: is not supported`,
		`conf:6:22: subnet6[0].pools[0].pool: 2001:db8:1::1-2001:db8:1::9 is not within`,
		`subnet6[0].pd-pools[0]`,
	} {
		require.Contains(t, output, want)
	}
	output, status = testFile(t, `{"Dhcp6": {}, "Dhcp4": {}}`)
	require.Equal(t, 1, status)
	require.Contains(t, output, `Dhcp4: unknown key; beside "Dhcp6" nothing may stand in the file`)

	// Mistakes that hide the family.
	for text, want := range map[string]string{
		`{"Dhcp6": { "subnet6": [ { "id": 1 "pools": [] } ] } }`: `conf:1:36: Dhcp6.subnet6[0]: found "pools", expected`,
		`[`:              `conf:1:2: `,
		``:               `conf:1:1: there is no configuration`,
		`{"DHCPv6": {}}`: `there is neither a "Dhcp4" nor a "Dhcp6" object in `,
	} {
		output, status = testFile(t, text)
		require.Equal(t, 1, status)
		require.Contains(t, output, want, text)
		require.NotContains(t, output, "dhcp4")
	}
}

// Kea is stopped, failoverd started on its files: clients keep their addresses
// and prefixes, and the server its DUID.
func TestTakeOverFromKea6(t *testing.T) {
	t.Parallel()
	testnet.Require(t, "kea-dhcp6", "dhclient", "dhcpcd")
	n := testnet.New(t)
	l := &lan{Net: n, segment: n.LAN(), server: n.Host("server")}
	l.server.Join(l.segment, "eth0", "2001:db8:1::1/64")
	l.program = prepareProgram(t, n, l.server, oneSubnet6(""))
	file, err := os.ReadFile(l.config)
	require.NoError(t, err)
	folder := fmt.Sprintf(`"data-directory": %q, "valid-lifetime"`, filepath.Dir(l.leases)) // Kea has the leases there, too
	kea := l.server.StartKea("kea-dhcp6", strings.Replace(string(file), `"valid-lifetime"`, folder, 1))
	ctx := within(t, 90*time.Second)
	clients := map[string]*testnet.Client{}
	had := map[string]string{}
	programs := client6Programs()
	for _, name := range []string{"dhclient", "dhcpcd"} {
		clients[name] = programs[name].start(l.router6(name))
		addr, prefix, _ := awaitBoth(ctx, clients[name], testnet.Bound)
		had[name] = fmt.Sprint(addr, prefix)
	}
	before, err := call(ctx, kea.Socket, "lease6-get-all", nil)
	require.NoError(t, err)
	kea.Signal("TERM")
	require.NoError(t, kea.Wait(ctx))
	csv, err := os.ReadFile(l.leases)
	require.NoError(t, err)

	l.restart()
	l.awaitReady(ctx)
	l.awaitLog(ctx, "leases of Kea read")
	require.Equal(t, exactly(t, before.Arguments), exactly(t, l.command(ctx, "lease6-get-all", nil)))
	for name, c := range clients {
		c.Restart()
		addr, prefix, _ := awaitBoth(ctx, c, programs[name].again...)
		require.Equal(t, had[name], fmt.Sprint(addr, prefix), name)
	}

	// The next time ours counts, and Kea's file is as it was.
	now := exactly(t, l.command(ctx, "lease6-get-all", nil))
	l.stop()
	store, err := lease.Open(l.leases+".db", nil)
	require.NoError(t, err)
	kept, err := os.ReadFile(filepath.Join(filepath.Dir(l.leases), "kea-dhcp6-serverid"))
	require.NoError(t, err)
	require.Equal(t, string(kept), dhcp6.Identifier(store.ServerID()).String())
	require.NoError(t, store.Close())
	l.restart()
	l.awaitReady(ctx)
	require.Equal(t, now, exactly(t, l.command(ctx, "lease6-get-all", nil)))
	require.NotContains(t, l.Output(), "leases of Kea read")
	after, err := os.ReadFile(l.leases)
	require.NoError(t, err)
	require.Equal(t, string(csv), string(after))
}

// What Kea reads from a lease file of its own, failoverd reads from it too.
func TestLeaseFileOfKea6(t *testing.T) {
	t.Parallel()
	testnet.Require(t, "kea-dhcp6")
	csv, err := os.ReadFile("../../lease/testdata/memfile-v6.csv")
	require.NoError(t, err)
	n := testnet.New(t)
	ours, kea := n.Host("ours"), n.Host("kea")
	for _, h := range []*testnet.Host{ours, kea} {
		h.Join(n.LAN(), "eth0", "fd77::1/64")
	}
	// As they are: without cleaning up what has ended since they were written.
	config := `{"expired-leases-processing": {"reclaim-timer-wait-time": 0, "flush-reclaimed-timer-wait-time": 0},
		"subnet6": [{"id": 1, "subnet": "fd77::/64", "interface": "eth0"}]}`
	p := prepareProgram(t, n, ours, config)
	require.NoError(t, os.WriteFile(p.leases, csv, 0o600))
	socket, leases := n.Dir()+"/kea-ctrl", n.Dir()+"/kea-leases.csv"
	require.NoError(t, os.WriteFile(leases, csv, 0o600))
	kea.StartKea("kea-dhcp6", complete(t, config, socket, leases))
	p.restart()
	ctx := within(t, 30*time.Second)
	p.awaitReady(ctx)
	want, err := call(ctx, socket, "lease6-get-all", nil)
	require.NoError(t, err)
	require.Equal(t, exactly(t, want.Arguments), exactly(t, p.command(ctx, "lease6-get-all", nil)))
}

// A changed file is in force at SIGHUP and by command, and what cannot change
// says so.
func TestReload6(t *testing.T) {
	t.Parallel()
	testnet.Require(t, "dhclient")
	l := newLAN(t, oneSubnet6(""))
	ctx := within(t, 60*time.Second)
	for what, config := range map[string]string{
		"2001:db8:9::9 is not within the subnet": strings.Replace(oneSubnet6(""), "2001:db8:1::199", "2001:db8:9::9", 1),
		"lease-database.name cannot change":      oneSubnet6(`"lease-database": {"type": "memfile", "name": "/nonexistent/x.csv"},`),
		`there is no \"Dhcp6\" object`:           oneSubnet(""),
	} {
		l.configure(config)
		l.Signal("HUP")
		l.awaitLog(ctx, what)
	}
	first := l.client("first").Dhclient6("eth0").Await(ctx, testnet.Bound)
	require.Contains(t, first.Addr.String(), "2001:db8:1::1")
	l.configure(strings.Replace(oneSubnet6(""), "2001:db8:1::100-2001:db8:1::199", "2001:db8:1::7:0/112", 1))
	l.command(ctx, "config-reload", nil)
	second := l.client("second").Dhclient6("eth0").Await(ctx, testnet.Bound)
	require.True(t, netip.MustParsePrefix("2001:db8:1::7:0/112").Contains(second.Addr), second.Addr)
	_, found := l.lease(ctx, first.Addr)
	require.True(t, found)
	require.Contains(t, string(l.command(ctx, "statistic-get", map[string]string{"name": "subnet[7].total-nas"})), "65536")
}
