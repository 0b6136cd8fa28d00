package ctrl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

const (
	keaHooks   = "/usr/lib/x86_64-linux-gnu/kea/hooks"
	keaInstall = "apt-get install kea-dhcp4-server kea-ctrl-agent"
)

// needKea skips the test where Kea is not installed, but not in CI.
func needKea(t *testing.T, what ...string) {
	t.Helper()
	for _, path := range append(what, keaHooks+"/libdhcp_lease_cmds.so") {
		_, err := os.Stat(path)
		if err == nil {
			continue
		}
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is missing: %s", path, keaInstall)
		}
		t.Skipf("%s is missing: %s", path, keaInstall)
	}
}

// startKea runs a program of Kea until the test ends.
func startKea(t *testing.T, dir, program, config string, ready func() error) {
	t.Helper()
	file := filepath.Join(dir, filepath.Base(program)+".conf")
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	var log strings.Builder
	cmd := exec.Command(program, "-c", file)
	cmd.Env = append(os.Environ(), "KEA_PIDFILE_DIR="+dir, "KEA_LOCKFILE_DIR="+dir)
	cmd.Stdout, cmd.Stderr = &log, &log
	require.NoError(t, cmd.Start())
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-ended
		if t.Failed() {
			t.Log(log.String())
		}
	})
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for giveUp := time.After(30 * time.Second); ; {
		select {
		case <-ended:
			t.Fatalf("%s has ended: %s", program, &log)
		case <-giveUp:
			cmd.Process.Kill()
			<-ended
			t.Fatalf("%s is not ready: %v\n%s", program, ready(), &log)
		case <-ticker.C:
			if ready() == nil {
				return
			}
		}
	}
}

// startDHCP4 runs a kea-dhcp4 that serves no interface, and returns where its
// control socket is.
func startDHCP4(t *testing.T, dir string) string {
	t.Helper()
	socket := filepath.Join(dir, "kea4")
	client, err := NewClient("unix:"+socket, nil)
	require.NoError(t, err)
	startKea(t, dir, "/usr/sbin/kea-dhcp4", fmt.Sprintf(`{"Dhcp4": {
		"interfaces-config": {"interfaces": []},
		"lease-database": {"type": "memfile", "persist": false},
		"control-socket": {"socket-type": "unix", "socket-name": %q},
		"hooks-libraries": [{"library": "%s/libdhcp_lease_cmds.so"}],
		"subnet4": [{"id": 1, "subnet": "10.77.0.0/16"}],
		"loggers": [{"name": "kea-dhcp4", "severity": "WARN", "output_options": [{"output": "stderr"}]}]
	}}`, socket, keaHooks), func() error {
		_, err := client.Call(context.Background(), "list-commands", nil)
		return err
	})
	return socket
}

// shortDir is short enough for the name of a socket.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "kea")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// keaLease is one with everything that is difficult in it.
func keaLease() *lease.Lease {
	return &lease.Lease{
		Type: lease.V4, Addr: netip.MustParseAddr("10.77.1.2"), HWAddr: []byte{2, 0, 0, 0, 0, 1}, ClientID: []byte{0xff, 0, 1},
		SubnetID: 1, CLTT: 1800000000, ValidLft: 3600, Hostname: "h\xff\"\\.example", FQDNFwd: true,
		UserContext: []byte(`{"a":"é","b":[1,{"c":null}]}`),
	}
}

// Our client and a real server: over its control socket, and by HTTP through
// its control agent with a password. The same client and our server: the same
// answers.
func TestRealServer(t *testing.T) {
	needKea(t, "/usr/sbin/kea-dhcp4", "/usr/sbin/kea-ctrl-agent")
	dir := shortDir(t)
	socket := startDHCP4(t, dir)

	port := freePort(t)
	url := fmt.Sprintf("http://127.0.0.1:%d/", port)
	options := &ClientOptions{Service: []string{"dhcp4"}, User: "ü", Password: "pä:ss"}
	byHTTP, err := NewClient(url, options)
	require.NoError(t, err)
	defer byHTTP.Close()
	startKea(t, dir, "/usr/sbin/kea-ctrl-agent", fmt.Sprintf(`{"Control-agent": {
		"http-host": "127.0.0.1", "http-port": %d,
		"authentication": {"type": "basic", "realm": "agent", "clients": [{"user": "ü", "password": "pä:ss"}]},
		"control-sockets": {"dhcp4": {"socket-type": "unix", "socket-name": %q}},
		"loggers": [{"name": "kea-ctrl-agent", "severity": "WARN", "output_options": [{"output": "stderr"}]}]
	}}`, port, socket), func() error {
		_, err := byHTTP.Call(context.Background(), "list-commands", nil)
		return err
	})
	byUnix, err := NewClient("unix:"+socket, nil)
	require.NoError(t, err)

	store := openStore(t)
	defer store.Close()
	mux := NewMux()
	HandleLeases(mux, V4, store, store, subnetList{subnet(1, "10.77.0.0/16")})
	own, err := NewClient("http://"+serveTCP(t, &HTTPServer{Mux: mux}), options)
	require.NoError(t, err)
	defer own.Close()

	for name, client := range map[string]*Client{"control socket": byUnix, "control agent": byHTTP, "ours": own} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			update := json.RawMessage(keaLease().AppendUpdate(nil))
			_, err := client.Call(ctx, "lease4-update", update)
			var result *ResultError
			require.ErrorAs(t, err, &result)
			require.Contains(t, result.Text, "failed to update the lease with address 10.77.1.2 either")

			reply, err := client.Call(ctx, "lease4-add", update)
			require.NoError(t, err)
			require.Equal(t, "Lease for address 10.77.1.2, subnet-id 1 added.", reply.Text)

			reply, err = client.Call(ctx, "lease4-get", map[string]string{"ip-address": "10.77.1.2"})
			require.NoError(t, err)
			var got lease.Lease
			require.NoError(t, json.Unmarshal(reply.Arguments, &got))
			require.Equal(t, keaLease(), &got)

			reply, err = client.Call(ctx, "lease4-get-page", map[string]any{"from": "start", "limit": 10})
			require.NoError(t, err)
			var page struct {
				Count  int
				Leases []lease.Lease
			}
			require.NoError(t, json.Unmarshal(reply.Arguments, &page))
			require.Equal(t, 1, page.Count)
			require.Equal(t, keaLease(), &page.Leases[0])

			reply, err = client.Call(ctx, "lease4-del", map[string]string{"ip-address": "10.77.1.2"})
			require.NoError(t, err)
			require.Equal(t, &Reply{Text: "IPv4 lease deleted."}, reply)
			reply, err = client.Call(ctx, "lease4-del", map[string]string{"ip-address": "10.77.1.2"})
			require.NoError(t, err)
			require.Equal(t, &Reply{Result: Empty, Text: "IPv4 lease not found."}, reply)

			_, err = client.Call(ctx, "no-such-command", nil)
			require.True(t, errors.As(err, &result) && result.Code == Unsupported, "%v", err)
		})
	}

	wrong, err := NewClient(url, &ClientOptions{Service: []string{"dhcp4"}, User: "ü", Password: "wrong"})
	require.NoError(t, err)
	_, err = wrong.Call(t.Context(), "list-commands", nil)
	require.ErrorContains(t, err, "Unauthorized")
}

// A real control agent forwards to our unix socket.
func TestRealAgentForwardsToUs(t *testing.T) {
	needKea(t, "/usr/sbin/kea-ctrl-agent")
	dir := shortDir(t)
	socket := filepath.Join(dir, "ours")
	listener, err := ListenUnix(socket)
	require.NoError(t, err)
	mux := heartbeatMux()
	runServer(t, listener, (&UnixServer{Mux: mux}).Serve)
	port := freePort(t)
	client, err := NewClient(fmt.Sprintf("http://127.0.0.1:%d/", port), &ClientOptions{Service: []string{"dhcp4"}})
	require.NoError(t, err)
	defer client.Close()
	startKea(t, dir, "/usr/sbin/kea-ctrl-agent", fmt.Sprintf(`{"Control-agent": {
		"http-host": "127.0.0.1", "http-port": %d,
		"control-sockets": {"dhcp4": {"socket-type": "unix", "socket-name": %q}},
		"loggers": [{"name": "kea-ctrl-agent", "severity": "WARN", "output_options": [{"output": "stderr"}]}]
	}}`, port, socket), func() error {
		_, err := client.Call(context.Background(), "list-commands", nil)
		return err
	})
	reply, err := client.Call(t.Context(), "ha-heartbeat", nil)
	require.NoError(t, err)
	require.Equal(t, "HA peer status returned.", reply.Text)
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func addressOf(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 77, 1, byte(i + 1)}) }
