package main

import (
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
	"github.com/stretchr/testify/require"

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
	csv := convert(t, "Leases of dhcpd", dir)
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
	takesOver(t, convert(t, "Leases of coredhcp", dir))
}

// convert runs the command of a section and returns the lease file that it makes.
func convert(t *testing.T, section, dir string) []byte {
	t.Helper()
	text := migrating(t).section(t, section)[0].text
	text = strings.NewReplacer("/var/lib/kea/", dir+"/", "/var/lib/dhcp/", dir+"/").Replace(text)
	cmd := exec.CommandContext(t.Context(), "sh", "-e", "-c", text)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	csv, err := os.ReadFile(filepath.Join(dir, "kea-leases4.csv"))
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
