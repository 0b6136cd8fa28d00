package dhcpha_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
	"github.com/dhcpha/dhcpha/lease"
)

// Another module embeds a server in under 60 lines, and a client gets a lease
// from it.
func TestEmbed(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	root, err := os.Getwd()
	require.NoError(t, err)
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	write := func(name, text string) { require.NoError(t, os.WriteFile(path(name), []byte(text), 0o644)) }
	read := func(name string) string {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		return string(text)
	}
	program := read("testdata/embed/main.go")
	require.Less(t, strings.Count(program, "\n"), 60)
	write("main.go", program)
	write("go.sum", read("go.sum"))
	write("go.mod", fmt.Sprintf(`module example.com/appliance

go 1.26

require github.com/dhcpha/dhcpha v0.0.0

replace github.com/dhcpha/dhcpha => %q
`, root))
	server := testnet.FreePort(t)
	write("kea-dhcp4.conf", fmt.Sprintf(`{"Dhcp4": {
		"interfaces-config": {"interfaces": ["%s/127.0.0.1"], "dhcp-socket-type": "udp"},
		"valid-lifetime": 3600,
		"subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "relay": {"ip-addresses": ["127.0.0.1"]},
			"pools": [{"pool": "192.0.2.10 - 192.0.2.99"}]}]}}`, testnet.Loopback(t)))

	binary := path("appliance")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, ".")
	build.Dir = dir
	// Nothing is fetched: what this module needs is enough.
	build.Env = append(os.Environ(), "GOFLAGS=-mod=mod -buildvcs=false", "GOPROXY=off", "GOWORK=off")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))

	p := testnet.StartCommand(t, exec.CommandContext(ctx, binary, "-port", fmt.Sprint(server.Port()), path("kea-dhcp4.conf"), path("leases.db")))
	hw := net.HardwareAddr{2, 0, 0, 0, 0, 1}
	ack, err := testnet.NewRelayed(t, server).Lease(ctx, hw)
	require.NoError(t, err)
	addr, _ := netip.AddrFromSlice(ack.YourIPAddr.To4())
	require.Equal(t, "192.0.2.10", addr.String())
	require.Equal(t, time.Hour, ack.IPAddressLeaseTime(0))

	p.Kill()
	store, err := lease.Open(path("leases.db"), nil)
	require.NoError(t, err)
	defer store.Close()
	l, found := store.Lookup(lease.Key{Type: lease.V4, Addr: addr})
	require.True(t, found)
	require.Equal(t, []byte(hw), l.HWAddr)
}
