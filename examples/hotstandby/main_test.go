package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/testnet"
)

// asProgram has the test's program be this one.
const asProgram = "TEST_AS_HOTSTANDBY"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// machine is one of the two, as the configuration has them.
type machine struct {
	*testnet.Host
	t      *testing.T
	leases string
	peer   *ctrl.Client // of its url, elsewhere
	addr   netip.Addr
}

func (m *machine) start(ctx context.Context) *testnet.Process {
	program, err := os.Executable()
	require.NoError(m.t, err)
	cmd := m.Command(ctx, program, "-c", "kea-dhcp4.conf", "-db", m.leases)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return m.StartCommand(cmd)
}

// await waits until the server says that it is in a state.
func (m *machine) await(ctx context.Context, state string) {
	m.t.Helper()
	testnet.Until(ctx, m.t, m.Name+" is in "+state, func() error {
		reply, err := m.peer.Call(ctx, "status-get", nil)
		if err != nil {
			return err
		}
		var status struct {
			Relationships []struct {
				Servers struct{ Local struct{ State string } } `json:"ha-servers"`
			} `json:"high-availability"`
		}
		if err := json.Unmarshal(reply.Arguments, &status); err != nil || len(status.Relationships) != 1 {
			return fmt.Errorf("%s: %w", reply.Arguments, err)
		}
		if is := status.Relationships[0].Servers.Local.State; is != state {
			return fmt.Errorf("it is in %s", is)
		}
		return nil
	})
}

func (m *machine) list(ctx context.Context) string {
	m.t.Helper()
	reply, err := m.peer.Call(ctx, "lease4-get-all", nil)
	require.NoError(m.t, err)
	return string(reply.Arguments)
}

// The configuration is the one to copy. The primary is killed; its client keeps
// its address, by the other server; the primary comes back.
func TestPair(t *testing.T) {
	t.Parallel()
	testnet.Require(t, "dhclient")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	n := testnet.New(t)
	lan := n.LAN()
	elsewhere := n.Host("elsewhere")
	elsewhere.Join(lan, "eth0", "192.0.2.9/24")
	var machines [2]*machine
	for i := range machines {
		m := &machine{Host: n.Host(fmt.Sprintf("server%d", i+1)), t: t, leases: filepath.Join(t.TempDir(), "leases.db")}
		m.addr = netip.AddrFrom4([4]byte{192, 0, 2, byte(i + 1)})
		m.Join(lan, "eth0", m.addr.String()+"/24")
		var err error
		m.peer, err = ctrl.NewClient(fmt.Sprintf("http://%s:8000/", m.addr), &ctrl.ClientOptions{Dial: elsewhere.DialContext})
		require.NoError(t, err)
		machines[i] = m
	}
	one, two := machines[0], machines[1]
	first, second := one.start(ctx), two.start(ctx)
	one.await(ctx, "hot-standby")
	two.await(ctx, "hot-standby")

	host := n.Host("client")
	host.Join(lan, "eth0")
	client := host.Dhclient("eth0")
	bound := client.Await(ctx, testnet.Bound)
	require.Equal(t, one.addr, bound.Server)
	require.Equal(t, one.list(ctx), two.list(ctx))

	first.Kill()
	client.Restart()
	again := client.Await(ctx, testnet.Reboot, testnet.Bound)
	require.Equal(t, two.addr, again.Server)
	require.Equal(t, bound.Addr, again.Addr)
	two.await(ctx, "partner-down")

	first = one.start(ctx)
	one.await(ctx, "hot-standby")
	two.await(ctx, "hot-standby")
	require.Equal(t, two.list(ctx), one.list(ctx))
	client.Restart()
	again = client.Await(ctx, testnet.Reboot, testnet.Bound)
	require.Equal(t, one.addr, again.Server)
	require.Equal(t, bound.Addr, again.Addr)

	for _, p := range []*testnet.Process{first, second} {
		p.Signal("TERM")
		require.NoError(t, p.Wait(ctx))
	}
}

// The program is made for DHCPv6 as its comment says, and reads that file.
func TestMadeForDHCPv6(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("main.go")
	require.NoError(t, err)
	_, code, _ := strings.Cut(string(text), "package main")
	code = strings.ReplaceAll("package main"+code, "dhcp4", "dhcp6")
	for old, now := range map[string]string{
		", SocketType: listen.SocketType()": "",
		"&ha.Options{\n":                    "&ha.Options{\nFamily: ctrl.V6,\n",
	} {
		require.Equal(t, 1, strings.Count(code, old), old)
		code = strings.Replace(code, old, now, 1)
	}
	file, err := filepath.Abs("main.go")
	require.NoError(t, err)
	made := filepath.Join(t.TempDir(), "main.go")
	require.NoError(t, os.WriteFile(made, []byte(code), 0o644))
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{file: made}})
	require.NoError(t, err)
	list := filepath.Join(t.TempDir(), "overlay.json")
	require.NoError(t, os.WriteFile(list, overlay, 0o644))
	binary := filepath.Join(t.TempDir(), "hotstandby.exe")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-overlay", list, "-o", binary, ".").CombinedOutput()
	require.NoError(t, err, string(out))

	// This host is neither of the two, which is all that is wrong with the file.
	out, err = exec.CommandContext(t.Context(), binary, "-c", "kea-dhcp6.conf", "-db", filepath.Join(t.TempDir(), "leases.db")).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "this-server-name: is missing")
	require.Equal(t, 1, strings.Count(string(out), "kea-dhcp6.conf:"), string(out))
}
