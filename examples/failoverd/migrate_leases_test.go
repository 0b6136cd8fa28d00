package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/keatext"
	"github.com/dhcpha/dhcpha/internal/testnet"
	"github.com/dhcpha/dhcpha/lease"
)

// TestMigrateDhcpd converts leases of dhcpd as docs/migrating.md says.
// testdata/dhcpd.leases is what a dhcpd 4.4.3 has written for dhclient and
// udhcpc: leases that last, one for ever, one that was given back, and an
// address that somebody was found to use without one.
func TestMigrateDhcpd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text, err := os.ReadFile("testdata/dhcpd.leases")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "dhcpd.leases"), []byte(shift(t, string(text))), 0o600))
	csv := convert(t, "Leases of dhcpd", dir, "kea-leases4.csv")
	p := takesOver(t, csv)
	forever, found := p.lease(t.Context(), netip.MustParseAddr("192.0.2.103"))
	require.True(t, found)
	require.Equal(t, int64(lease.Infinite), forever.ValidLft)
	_, found = p.lease(t.Context(), netip.MustParseAddr("192.0.2.104"))
	require.False(t, found, "it has been given back")
	taken, found := p.lease(t.Context(), netip.MustParseAddr("192.0.2.105"))
	require.True(t, found)
	require.Equal(t, int(lease.Declined), taken.State, "somebody else has it, dhcpd has found")
}

// TestMigrateDhcpd6 converts DHCPv6 leases of dhcpd. testdata/dhcpd6.leases is
// what a dhcpd 4.4.3 has written for dhclient: leases of addresses and prefixes,
// one for ever, one that was given back, and addresses that the client has found
// to be somebody's. In identifiers there are quotes, braces, semicolons and blanks.
func TestMigrateDhcpd6(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/dhcpd6.leases")
	require.NoError(t, err)
	now := shift(t, string(text))
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "dhcpd6.leases"), []byte(now), 0o600))
	csv := convert(t, "DHCPv6 leases of dhcpd", dir, "kea-leases6.csv")
	serverID, err := os.ReadFile(filepath.Join(dir, "kea-dhcp6-serverid"))
	require.NoError(t, err)

	p, server := startLocal(t, `"subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "relay": {"ip-addresses": ["::1"]},
		"pools": [{"pool": "2001:db8:1::/112"}], "pd-pools": [{"prefix": "2001:db8:8000::", "prefix-len": 52, "delegated-len": 56}]}],`)
	p.stop()
	require.NoError(t, os.Remove(p.leases+".db"))
	require.NoError(t, os.WriteFile(p.leases, csv, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(p.leases), "kea-dhcp6-serverid"), serverID, 0o600))
	p.restart()
	ctx := within(t, time.Minute)
	p.awaitReady(ctx)

	var all struct {
		Leases []struct {
			Address   string `json:"ip-address"`
			PrefixLen int    `json:"prefix-len"`
			DUID      string
			IAID      uint32
			Preferred int64 `json:"preferred-lft"`
			Valid     int64 `json:"valid-lft"`
			State     int
		}
	}
	require.NoError(t, json.Unmarshal(p.command(ctx, "lease6-get-all", nil), &all))
	var got []string
	for _, l := range all.Leases {
		got = append(got, fmt.Sprintf("%s/%d %s %08x %d %d %d", l.Address, l.PrefixLen, l.DUID, l.IAID, l.Preferred, l.Valid, l.State))
	}
	require.ElementsMatch(t, []string{
		"2001:db8:1::10a/0 00:03:00:01:02:00:00:00:0a:07 00000a07 4294967294 4294967295 0",
		"2001:db8:1::106/0 00:03:00:01:02:00:00:00:0a:01 00000a01 3600 7200 0",
		"2001:db8:1::182/0 00:03:00:01:02:00:00:22:5c:7b 00225c7b 3600 7200 0",
		"2001:db8:8000:f00::/56 00:03:00:01:02:00:00:22:5c:7b 00225c7b 3600 7200 0",
		"2001:db8:8000:e00::/56 00:03:00:01:02:00:20:3b:0a:04 203b0a04 3600 7200 0",
		"2001:db8:1::133/0 00:00:00 00000a06 0 86400 1",
		"2001:db8:1::13e/0 00:00:00 00000a06 0 86400 1",
		"2001:db8:1::16b/0 00:00:00 00000a06 0 86400 1",
	}, got)

	// A client renews with the server that it knows.
	duid, err := keatext.ParseColonHex(strings.TrimSpace(string(serverID)))
	require.NoError(t, err)
	id, err := dhcpv6.DUIDFromBytes(duid)
	require.NoError(t, err)
	hw, iaid := net.HardwareAddr{2, 0, 0, 0x22, 0x5c, 0x7b}, [4]byte{0, 0x22, 0x5c, 0x7b}
	reply, err := testnet.NewRelayed6(t, server).Ask(ctx, dhcpv6.MessageTypeRenew, dhcpv6.OptClientID(testnet.Client6(hw)), dhcpv6.OptServerID(id),
		&dhcpv6.OptIANA{IaId: iaid, Options: dhcpv6.IdentityOptions{Options: []dhcpv6.Option{&dhcpv6.OptIAAddress{IPv6Addr: net.ParseIP("2001:db8:1::182")}}}},
		&dhcpv6.OptIAPD{IaId: iaid})
	require.NoError(t, err)
	var granted []string
	for _, g := range testnet.Grants6(reply) {
		granted = append(granted, g.Prefix.String())
	}
	require.Equal(t, []string{"2001:db8:1::182/128", "2001:db8:8000:f00::/56"}, granted)

	// A host of the other byte order writes the number the other way round.
	other := strings.Replace(now, "authoring-byte-order little-endian", "authoring-byte-order big-endian", 1)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "dhcpd6.leases"), []byte(other), 0o600))
	require.Contains(t, string(convert(t, "DHCPv6 leases of dhcpd", dir, "kea-leases6.csv")), fmt.Sprintf(",3600,2,%d,56,", 0x7b5c2200))
}

var dhcpdTime = regexp.MustCompile(`\d{4}/\d\d/\d\d \d\d:\d\d:\d\d`)

// shift makes the first moment of a lease file of dhcpd be a minute ago.
func shift(t *testing.T, leases string) string {
	t.Helper()
	const layout = "2006/01/02 15:04:05"
	began, err := time.Parse(layout, dhcpdTime.FindString(leases))
	require.NoError(t, err)
	by := time.Since(began) - time.Minute
	return dhcpdTime.ReplaceAllStringFunc(leases, func(text string) string {
		at, err := time.Parse(layout, text)
		require.NoError(t, err)
		return at.Add(by).Format(layout)
	})
}

// TestMigrateCoredhcp converts leases of coredhcp.
func TestMigrateCoredhcp(t *testing.T) {
	t.Parallel()
	testnet.Require(t, "sqlite3")
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "sqlite3", filepath.Join(dir, "leases.sqlite3"))
	// The table is that of coredhcp's plugins/range/storage.go.
	cmd.Stdin = strings.NewReader(`
		create table if not exists leases4 (mac string not null, ip string not null, expiry int, hostname string not null, primary key (mac, ip));
		insert into leases4 values ('02:00:00:00:0a:01', '192.0.2.101', strftime('%s', 'now') + 3000, 'one');
		insert into leases4 values ('02:00:00:00:0a:02', '192.0.2.102', strftime('%s', 'now') + 3000, 'two');`)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	takesOver(t, convert(t, "Leases of coredhcp", dir, "kea-leases4.csv"))
}

// convert runs the command of a section and returns the lease file that it makes.
func convert(t *testing.T, section, dir, file string) []byte {
	t.Helper()
	text := migrating(t).section(t, section)[0].text
	text = strings.NewReplacer("/var/lib/kea/", dir+"/", "/var/lib/dhcp/", dir+"/").Replace(text)
	cmd := exec.CommandContext(t.Context(), "sh", "-e", "-c", text)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	csv, err := os.ReadFile(filepath.Join(dir, file))
	require.NoError(t, err)
	return csv
}

// takesOver says that failoverd, started with a lease file, knows the clients in
// it: by their hardware address, whether they have a client identifier or not.
// The first two, called one and two, are 02:00:00:00:0a:01 at 192.0.2.101 and
// 02:00:00:00:0a:02 at 192.0.2.102.
func takesOver(t *testing.T, csv []byte) *program {
	t.Helper()
	ctx := within(t, time.Minute)
	n := testnet.New(t)
	segment, server, clients := n.LAN(), n.Host("server"), n.Host("clients")
	server.Join(segment, "eth0", "192.0.2.1/24")
	clients.Join(segment, "eth0")
	station := newStation(t, clients, "eth0", nil, "192.0.2.64/26")
	p := prepareProgram(t, n, server, `{"valid-lifetime": 3600, "subnet4": [
		{"id": 1, "subnet": "192.0.2.0/24", "pools": [{"pool": "192.0.2.100-192.0.2.199"}]},
		{"id": 2, "subnet": "198.51.100.0/24", "pools": [{"pool": "198.51.100.100-198.51.100.199"}]}]}`)
	require.NoError(t, os.WriteFile(p.leases, csv, 0o600))
	p.restart()
	p.awaitReady(ctx)
	p.awaitLog(ctx, "bad=0")
	for i, addr := range []string{"192.0.2.101", "192.0.2.102"} {
		hw := net.HardwareAddr{2, 0, 0, 0, 10, byte(i + 1)}
		there, found := p.lease(ctx, netip.MustParseAddr(addr))
		require.True(t, found)
		require.Equal(t, []string{"one", "two"}[i], there.Hostname)
		for _, id := range [][]dhcpv4.Modifier{nil, {opt(61, append([]byte{1}, hw...)...)}} {
			ack := station.ask(ctx, station.from(hw, append(id, kind(request), addrOpt(50, addr))...))
			require.Equal(t, dhcpv4.MessageTypeAck, ack.kind(), "%s", ack)
			require.Equal(t, addr, ack.yiaddr.String())
		}
		// Nobody else is given it.
		refused := station.ask(ctx, station.from(mac(0xb00+i), kind(request), addrOpt(50, addr), addrOpt(54, "192.0.2.1")))
		require.Equal(t, dhcpv4.MessageTypeNak, refused.kind(), "%s", refused)
	}
	return p
}
