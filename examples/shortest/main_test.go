package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/testnet"
)

// asProgram has the test's program be this one.
const asProgram = "TEST_AS_SHORTEST"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// machine is one of the two, with the configuration that the README names.
type machine struct {
	*testnet.Host
	t      *testing.T
	folder string
	addr   netip.Addr
	peer   *ctrl.Client // of its url, elsewhere
}

// within has a command of the test's program be this program, in a folder.
func within(folder string, cmd *exec.Cmd) *exec.Cmd {
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

func (m *machine) start(ctx context.Context) *testnet.Process {
	m.t.Helper()
	program, err := os.Executable()
	require.NoError(m.t, err)
	return m.StartCommand(within(m.folder, m.Command(ctx, program)))
}

// await waits until the server tells peers that it is in a state.
func (m *machine) await(ctx context.Context, state string) {
	m.t.Helper()
	testnet.Until(ctx, m.t, m.Name+" is in "+state, func() error {
		reply, err := m.peer.Call(ctx, "ha-heartbeat", nil)
		if err != nil {
			return err
		}
		var is struct{ State string }
		if err := json.Unmarshal(reply.Arguments, &is); err != nil {
			return fmt.Errorf("%s: %w", reply.Arguments, err)
		}
		if is.State != state {
			return fmt.Errorf("it is in %s", is.State)
		}
		return nil
	})
}

// One server is killed. The client of a lease keeps its address, by the other
// server, which serves new ones, too. The first comes back and serves again.
func TestFailover(t *testing.T) {
	t.Parallel()
	testnet.Require(t, "ip", "dhclient")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	config, err := os.ReadFile("../hotstandby/kea-dhcp4.conf")
	require.NoError(t, err)
	n := testnet.New(t)
	lan := n.LAN()
	elsewhere := n.Host("elsewhere")
	elsewhere.Join(lan, "eth0", "192.0.2.9/24")
	var machines [2]*machine
	for i := range machines {
		m := &machine{Host: n.Host(fmt.Sprintf("server%d", i+1)), t: t, folder: t.TempDir()}
		require.NoError(t, os.WriteFile(filepath.Join(m.folder, "kea-dhcp4.conf"), config, 0o644))
		m.addr = netip.AddrFrom4([4]byte{192, 0, 2, byte(i + 1)})
		m.Join(lan, "eth0", m.addr.String()+"/24")
		m.peer, err = ctrl.NewClient(fmt.Sprintf("http://%s:8000/", m.addr), &ctrl.ClientOptions{Dial: elsewhere.DialContext})
		require.NoError(t, err)
		machines[i] = m
	}
	one, two := machines[0], machines[1]
	first := one.start(ctx)
	two.start(ctx)
	one.await(ctx, "hot-standby")
	two.await(ctx, "hot-standby")
	host := n.Host("client")
	host.Join(lan, "eth0")
	client := host.Dhclient("eth0")
	bound := client.Await(ctx, testnet.Bound)
	require.Equal(t, one.addr, bound.Server)

	first.Kill()
	two.await(ctx, "partner-down")
	other := n.Host("other")
	other.Join(lan, "eth0")
	another := other.Dhclient("eth0").Await(ctx, testnet.Bound)
	require.Equal(t, two.addr, another.Server)
	require.NotEqual(t, bound.Addr, another.Addr, "the other server does not know of the lease")
	client.Restart()
	again := client.Await(ctx, testnet.Reboot, testnet.Bound)
	require.Equal(t, two.addr, again.Server)
	require.Equal(t, bound.Addr, again.Addr)

	one.start(ctx)
	one.await(ctx, "hot-standby")
	two.await(ctx, "hot-standby")
	client.Restart()
	again = client.Await(ctx, testnet.Reboot, testnet.Bound)
	require.Equal(t, one.addr, again.Server)
	require.Equal(t, bound.Addr, again.Addr)
}

// What is wrong is said, and the program ends.
func TestMistakes(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	program, err := os.Executable()
	require.NoError(t, err)
	for _, tt := range []struct{ config, says string }{
		{`{"Dhcp4": {"valid-lifetme": 1}}`, "kea-dhcp4.conf:1:12: valid-lifetme: unknown key"},
		{`{"Dhcp4": {}}`, "no relationship is configured"},
	} {
		folder := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(folder, "kea-dhcp4.conf"), []byte(tt.config), 0o644))
		out, err := within(folder, exec.CommandContext(ctx, program)).CombinedOutput()
		require.Error(t, err)
		require.Contains(t, string(out), tt.says)
	}
}
