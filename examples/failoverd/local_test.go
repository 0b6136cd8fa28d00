package main

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// startLocal starts failoverd on loopback, where it needs no privileges, and
// returns it with the address for [testnet.Relayed] or [testnet.Relayed6] clients.
// The members are those of the Dhcp4 or Dhcp6 object, each with a comma after
// it, without interfaces and loggers; env is added to the environment.
func startLocal(t testing.TB, members string, env ...string) (*program, netip.AddrPort) {
	t.Helper()
	dir, err := os.MkdirTemp("", "failoverd-") // short enough for a unix socket
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	family, server, listen := familyOf(members), netip.AddrPort{}, ""
	if family == 6 {
		server, listen = testnet.FreePort6(t), `{"interfaces": ["%s/::1"]}`
	} else {
		server, listen = testnet.FreePort(t), `{"interfaces": ["%s/127.0.0.1"], "dhcp-socket-type": "udp"}`
	}
	p := &program{
		family: family,
		config: filepath.Join(dir, "conf"), leases: filepath.Join(dir, "leases.csv"), socket: filepath.Join(dir, "ctrl"),
		t: t, env: env,
	}
	p.args = []string{"-c", p.config, "-p", fmt.Sprint(server.Port())}
	// Not all logs: of thousands of queries they would fill this process's memory.
	p.configure(fmt.Sprintf(`{%s "interfaces-config": `+listen+`, "loggers": [{"name": "kea-dhcp%d", "severity": "ERROR"}]}`,
		members, testnet.Loopback(t), family))
	p.restart()
	p.awaitReady(within(t, 20*time.Second))
	return p, server
}
