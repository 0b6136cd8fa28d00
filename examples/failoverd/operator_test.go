package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// runToEnd runs failoverd on this machine's network to its end.
func runToEnd(t testing.TB, args ...string) (output string, status int) {
	t.Helper()
	cmd := exec.CommandContext(within(t, 30*time.Second), testBinary(t), args...)
	cmd.Env = append(os.Environ(), runAsProgram+"=1")
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// testFile writes a configuration into an empty folder and lets failoverd
// test it. Nothing else may be in the folder then.
func testFile(t testing.TB, config string, args ...string) (output string, status int) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "conf")
	config = strings.ReplaceAll(config, "DIR", dir)
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	output, status = runToEnd(t, append(args, "-t", file)...)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1, "a test touches nothing")
	return output, status
}

const fileWithAll = `// of an operator
{"Dhcp4": {
	"interfaces-config": {"interfaces": ["nosuch0"]},
	"control-socket": {"socket-type": "unix", "socket-name": "DIR/ctrl"},
	"lease-database": {"type": "memfile", "name": "DIR/leases.csv"},
	"hooks-libraries": [{"library": "/usr/lib/kea/hooks/libdhcp_lease_cmds.so"}, {"library": "/usr/lib/kea/hooks/libdhcp_stat_cmds.so"}],
	"subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "pools": [{"pool": "192.0.2.100-192.0.2.199"}]}],
}}`

func TestFileIsGood(t *testing.T) {
	t.Parallel()
	output, status := testFile(t, fileWithAll)
	require.Zero(t, status, output)
	require.NotContains(t, output, "failoverd:")
	require.Contains(t, output, "has no mistakes")
}

func TestFileHasMistakes(t *testing.T) {
	t.Parallel()
	output, status := testFile(t, `{"Dhcp4": {
	"valid-lifetme": 100,
	"hooks-libraries": [{"library": "/usr/lib/kea/hooks/libdhcp_radius.so"}],
	"hosts-database": {"type": "mysql"},
	"subnet4": [{"id": 1, "subnet": "192.0.2.0/24",
		"pools": [{"pool": "192.0.3.1-192.0.3.9"}], "option-data": [{"name": "routers", "data": "x"}]}]
}}`)
	require.Equal(t, 1, status)
	for _, want := range []string{
		`conf:2:2: valid-lifetme: unknown key`,
		`conf:3:34: hooks-libraries[0].library: is not supported: this server has nothing of libdhcp_radius`,
		`conf:4:2: hosts-database: is not supported`,
		`conf:6:22: subnet4[0].pools[0].pool: 192.0.3.1-192.0.3.9 is not within`,
		`subnet4[0].option-data[0]: option routers`,
	} {
		require.Contains(t, output, want)
	}
	output, status = runToEnd(t, "-t", "/nonexistent/conf")
	require.Equal(t, 1, status)
	require.Equal(t, "failoverd: ctrl: configuration: open /nonexistent/conf: no such file or directory\n", output)
	_, status = testFile(t, `{"Dhcp4": {`)
	require.Equal(t, 1, status)
	output, status = testFile(t, `{"Dhcp4": {"hooks-libraries": [{"library": "libdhcp_flex_id.so", "parameters": {"identifier-expression": "option["}}]}}`)
	require.Equal(t, 1, status)
	require.Contains(t, output, `hooks-libraries[0].parameters: libdhcp_flex_id: identifier-expression: `)
}

func TestUnsupportedIsRefusedOrWarnedOf(t *testing.T) {
	t.Parallel()
	const config = `{"Dhcp4": {
		"hosts-database": {"type": "mysql"}, "dhcp-ddns": {"enable-updates": true},
		"hooks-libraries": [{"library": "/usr/lib/kea/hooks/libdhcp_radius.so"}]}}`
	names := []string{"hosts-database", "dhcp-ddns.enable-updates", "libdhcp_radius"}
	output, status := testFile(t, config)
	require.Equal(t, 1, status)
	for _, name := range names {
		require.Contains(t, output, name)
	}
	output, status = testFile(t, config, "-allow-unsupported")
	require.Zero(t, status, output)
	for _, name := range names {
		require.Regexp(t, `conf:\d+:\d+: .*`+regexp.QuoteMeta(name), output)
		require.Equal(t, 3, strings.Count(output, ": warning: is not supported: "))
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{}, {"-c", "a", "-t", "b"}, {"-c", "a", "b"}, {"-what"}} {
		output, status := runToEnd(t, args...)
		require.Equal(t, 2, status, "%q", args)
		require.Contains(t, output, "Usage of failoverd")
	}
	output, status := runToEnd(t)
	require.Equal(t, 2, status)
	require.Contains(t, output, "give one file")
	output, status = runToEnd(t, "-h")
	require.Zero(t, status)
	require.Contains(t, output, "SIGHUP")
	output, _ = runToEnd(t, "-what")
	require.Equal(t, 1, strings.Count(output, "not defined: -what"), "said once")
	_, status = runToEnd(t, "-c", "a", "-p", "65536")
	require.Equal(t, 1, status)
}

// A file is tested while the server runs that it is for: the port, the control
// socket and the lease file are taken.
func TestFileOfARunningServer(t *testing.T) {
	t.Parallel()
	l := newLAN(t, oneSubnet(""))
	ctx := within(t, 30*time.Second)
	cmd := l.server.Command(ctx, testBinary(t), "-t", l.config)
	cmd.Env = append(os.Environ(), runAsProgram+"=1")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	l.command(ctx, "status-get", nil)
}

// Kea is stopped, failoverd started on its files: clients keep their
// addresses, as does who is not there at the moment.
func TestTakeOverFromKea(t *testing.T) {
	t.Parallel()
	testnet.Require(t, "kea-dhcp4", "dhclient")
	n := testnet.New(t)
	segment, server := n.LAN(), n.Host("server")
	server.Join(segment, "eth0", "192.0.2.1/24")
	p := prepareProgram(t, n, server, oneSubnet(""))
	file, err := os.ReadFile(p.config)
	require.NoError(t, err)
	kea := server.StartKea("kea-dhcp4", string(file))
	ctx := within(t, 60*time.Second)

	clients := n.Host("clients")
	clients.Join(segment, "eth1")
	s := newStation(t, clients, "eth1", server.HWAddr("eth0"))
	s.awaitServer(ctx, mac(0))
	for i := range 20 { // the real client's will not be the first free address
		s.lease(ctx, mac(i), text(12, fmt.Sprintf("host-%d", i)), opt(61, 0, 'a', byte(i)))
	}
	host := n.Host("client")
	host.Join(segment, "eth0")
	client := host.Dhclient("eth0")
	bound := client.Await(ctx, testnet.Bound)
	before, err := call(ctx, kea.Socket, "lease4-get-all", nil)
	require.NoError(t, err)
	kea.Signal("TERM")
	require.NoError(t, kea.Wait(ctx))
	csv, err := os.ReadFile(p.leases)
	require.NoError(t, err)

	p.restart()
	p.awaitReady(ctx)
	p.awaitLog(ctx, "leases of Kea read")
	require.Equal(t, exactly(t, before.Arguments), exactly(t, p.command(ctx, "lease4-get-all", nil)))
	client.Restart()
	require.Equal(t, bound.Addr, client.Await(ctx, testnet.Reboot).Addr)
	again := s.ask(ctx, s.from(mac(3), kind(dhcpv4.MessageTypeDiscover), opt(61, 0, 'a', 3)))
	l, found := p.lease(ctx, again.yiaddr)
	require.True(t, found)
	require.Equal(t, mac(3).String(), l.HWAddr)

	// The next time ours counts, and Kea's file is as it was.
	now := exactly(t, p.command(ctx, "lease4-get-all", nil))
	p.stop()
	p.restart()
	p.awaitReady(ctx)
	require.Equal(t, now, exactly(t, p.command(ctx, "lease4-get-all", nil)))
	require.NotContains(t, p.Output(), "leases of Kea read")
	after, err := os.ReadFile(p.leases)
	require.NoError(t, err)
	require.Equal(t, string(csv), string(after))
}

// exactly is the leases of an answer by address.
func exactly(t testing.TB, raw json.RawMessage) map[string]string {
	t.Helper()
	var answer struct{ Leases []map[string]any }
	require.NoError(t, json.Unmarshal(raw, &answer))
	leases := map[string]string{}
	for _, l := range answer.Leases {
		b, err := json.Marshal(l)
		require.NoError(t, err)
		leases[fmt.Sprint(l["ip-address"])] = string(b)
	}
	require.NotEmpty(t, leases)
	return leases
}

// While clients renew without a pause, the configuration is changed again and
// again: every query is answered, at once, and no lease is lost.
func TestReloadUnderLoad(t *testing.T) {
	t.Parallel()
	const clients, reloads = 8, 12
	l := newLAN(t, oneSubnet(""))
	ctx := within(t, 60*time.Second)
	s := newStation(t, l.client("clients"), "eth0", l.server.HWAddr("eth0"), "192.0.2.96/27", "192.0.2.128/25")
	for i := range clients {
		s.lease(ctx, mac(i), addrOpt(50, fmt.Sprintf("192.0.2.%d", 100+i)))
	}
	var renewing sync.WaitGroup
	var answered atomic.Int64
	stop := make(chan struct{})
	for i := range clients {
		renewing.Go(func() {
			hw, addr := mac(i), netip.AddrFrom4([4]byte{192, 0, 2, byte(100 + i)})
			for {
				select {
				case <-stop:
					return
				default:
				}
				q := s.from(hw, kind(dhcpv4.MessageTypeRequest), ciaddr(addr.String()))
				q.from, q.to = addr, serverAddr
				select {
				case r := <-s.send(q):
					if r.kind() != dhcpv4.MessageTypeAck || r.yiaddr != addr {
						t.Errorf("the answer to %s is %s", addr, r)
						return
					}
					answered.Add(1)
				case <-time.After(5 * time.Second):
					t.Errorf("a query of %s was lost", addr)
					return
				}
			}
		})
	}
	bigger := strings.Replace(oneSubnet(""), `"pools": [`, `"pools": [{"pool": "192.0.2.200-192.0.2.209"}, `, 1)
	bigger = strings.Replace(bigger, `"subnet4": [`, `"subnet4": [{"id": 9, "subnet": "10.0.0.0/8", "pools": [{"pool": "10.0.0.0/9"}]}, `, 1)
	for i := range reloads {
		config := bigger
		if i%2 == 1 {
			config = oneSubnet("")
		}
		before := answered.Load()
		l.configure(config)
		l.Signal("HUP")
		testnet.Until(ctx, t, "it is reloaded", func() error {
			if n := strings.Count(l.Output(), "msg=reloaded"); n <= i {
				return fmt.Errorf("%d times", n)
			}
			return nil
		})
		testnet.Until(ctx, t, "the load goes on", func() error {
			if answered.Load() < before+20*clients && !t.Failed() {
				return errors.New("it does not")
			}
			return nil
		})
	}
	l.configure(bigger)
	l.Signal("HUP")
	testnet.Until(ctx, t, "the new pool is in force", func() error {
		offer := s.ask(ctx, s.from(mac(100), kind(dhcpv4.MessageTypeDiscover), addrOpt(50, "192.0.2.205")))
		if offer.yiaddr.String() != "192.0.2.205" {
			return fmt.Errorf("the offer is %s", offer.yiaddr)
		}
		return nil
	})
	close(stop)
	renewing.Wait()
	t.Logf("%d queries answered during %d reloads", answered.Load(), reloads)
	require.Len(t, exactly(t, l.command(ctx, "lease4-get-all", nil)), clients)
	require.EqualValues(t, answered.Load()+clients, statistic(ctx, t, l.socket, "pkt4-ack-sent"))
	require.Contains(t, string(l.command(ctx, "statistic-get", map[string]string{"name": "subnet[9].total-addresses"})), "8388608")
}

// A file with a mistake leaves everything as it is, and so do changes that
// need a restart.
func TestReloadRefused(t *testing.T) {
	t.Parallel()
	l := newLAN(t, oneSubnet(""))
	ctx := within(t, 30*time.Second)
	s := newStation(t, l.client("clients"), "eth0", l.server.HWAddr("eth0"))
	before := string(l.command(ctx, "config-get", nil))
	for what, config := range map[string]string{
		"192.0.3.9 is not within the subnet": strings.Replace(oneSubnet(""), "192.0.2.199", "192.0.3.9", 1),
		"lease-database.name cannot change":  oneSubnet(`"lease-database": {"type": "memfile", "name": "/nonexistent/x.csv"},`),
		"dhcp-socket-type cannot change":     oneSubnet(`"interfaces-config": {"interfaces": ["eth0"], "dhcp-socket-type": "udp"},`),
	} {
		l.configure(config)
		l.Signal("HUP")
		l.awaitLog(ctx, what)
		r, err := call(ctx, l.socket, "config-reload", nil)
		require.NoError(t, err)
		require.Equal(t, 1, r.Result, what)
		require.Contains(t, r.Text, what)
		require.Equal(t, before, string(l.command(ctx, "config-get", nil)))
	}
	s.lease(ctx, mac(1))
	l.configure(oneSubnet(""))
	l.command(ctx, "config-reload", nil)
}

func TestShutdownCommand(t *testing.T) {
	t.Parallel()
	l := newLAN(t, oneSubnet(""))
	ctx := within(t, 30*time.Second)
	r, err := call(ctx, l.socket, "shutdown", map[string]int{"exit-value": 3})
	require.NoError(t, err)
	require.Equal(t, "Shutting down.", r.Text)
	require.ErrorContains(t, l.Wait(ctx), "exit status 3")
	require.NoFileExists(t, l.socket)

	l.restart()
	l.awaitReady(ctx)
	l.command(ctx, "shutdown", nil)
	require.NoError(t, l.Wait(ctx))
}

// Commands come by HTTP too, and new sockets with a new configuration.
func TestControlByHTTP(t *testing.T) {
	t.Parallel()
	l := newLAN(t, oneSubnet(""))
	ctx := within(t, 30*time.Second)
	l.configure(oneSubnet(fmt.Sprintf(`"control-sockets": [{"socket-type": "unix", "socket-name": %q},
		{"socket-type": "http", "socket-address": "192.0.2.1", "socket-port": 8004, "authentication":
			{"type": "basic", "clients": [{"user": "admin", "password": "secret"}]}}],`, l.socket)))
	l.command(ctx, "config-reload", nil)
	peer := l.client("peer")
	peer.AddAddr("eth0", "192.0.2.2/24")
	client := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (conn net.Conn, err error) {
		peer.Do(func() { conn, err = net.Dial("tcp", "192.0.2.1:8004") })
		return conn, err
	}}}
	defer client.CloseIdleConnections()
	post := func(password string) (int, string) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://192.0.2.1:8004/", bytes.NewReader([]byte(`{"command": "version-get", "service": ["dhcp4"]}`)))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/json")
		req.SetBasicAuth("admin", password)
		resp, err := client.Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp.StatusCode, string(body)
	}
	status, body := post("secret")
	require.Equal(t, 200, status)
	require.Contains(t, body, `"result": 0`)
	status, _ = post("wrong")
	require.Equal(t, 401, status)
}

// An interface that is not there yet is waited for.
func TestInterfaceComesLater(t *testing.T) {
	t.Parallel()
	testnet.Require(t, "udhcpc")
	n := testnet.New(t)
	server, first, second := n.Host("server"), n.LAN(), n.LAN()
	server.Join(first, "eth0", "192.0.2.1/24")
	p := prepareProgram(t, n, server, strings.Replace(oneSubnet(`"interfaces-config": {"interfaces": ["eth0", "eth1"]},`),
		`"subnet4": [`, `"subnet4": [{"id": 9, "subnet": "198.51.100.0/24", "pools": [{"pool": "198.51.100.100-198.51.100.199"}]}, `, 1))
	p.restart()
	ctx := within(t, 60*time.Second)
	p.awaitLog(ctx, `msg="not ready" reason=`)
	p.awaitLog(ctx, "eth1")
	early, late := n.Host("early"), n.Host("late")
	early.Join(first, "eth0")
	require.Contains(t, early.Udhcpc("eth0").Await(ctx, testnet.Bound).Addr.String(), "192.0.2.")

	late.Join(second, "eth0")
	client := late.Udhcpc("eth0")
	server.Join(second, "eth1", "198.51.100.1/24")
	p.awaitReady(ctx)
	require.Contains(t, client.Await(ctx, testnet.Bound).Addr.String(), "198.51.100.")
}

// Logs are lines of keys and values, of the level that loggers says.
func TestLogs(t *testing.T) {
	t.Parallel()
	logger := func(severity string) string {
		return oneSubnet(fmt.Sprintf(`"loggers": [{"name": "kea-dhcp4", "severity": %q}],`, severity))
	}
	l := newLAN(t, logger("WARN"))
	ctx := within(t, 30*time.Second)
	s := newStation(t, l.client("clients"), "eth0", l.server.HWAddr("eth0"))
	foreign := func() query {
		return s.from(mac(1), kind(dhcpv4.MessageTypeDecline), addrOpt(50, "192.0.2.150"), addrOpt(54, "192.0.2.1"))
	}
	s.send(foreign())
	s.lease(ctx, mac(2))
	require.Empty(t, l.Output())

	l.configure(logger("DEBUG"))
	l.command(ctx, "config-reload", nil)
	s.send(foreign())
	l.awaitLog(ctx, "level=DEBUG")
	s.lease(ctx, mac(2))
	require.NotEmpty(t, l.Output())
	for line := range strings.Lines(l.Output()) {
		require.Regexp(t, `^time=\S+ level=(DEBUG|INFO|WARN|ERROR) msg=\S`, line)
	}
	require.Contains(t, l.Output(), mac(1).String())
}

// Ports are as with Kea: where queries come in, and where replies go.
func TestPorts(t *testing.T) {
	t.Parallel()
	n := testnet.New(t)
	segment, server, clients := n.LAN(), n.Host("server"), n.Host("clients")
	server.Join(segment, "eth0", "192.0.2.1/24")
	clients.Join(segment, "eth0")
	startProgram(t, n, server, oneSubnet(""), "-p", "6767", "-P", "6868")
	s := newStation(t, clients, "eth0", server.HWAddr("eth0"))
	q := s.from(mac(1), kind(dhcpv4.MessageTypeDiscover))
	q.toPort = 6767
	offer := s.ask(within(t, 10*time.Second), q)
	require.EqualValues(t, 6767, offer.from.Port())
	require.EqualValues(t, 6868, offer.to.Port())
}
