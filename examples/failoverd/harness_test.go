package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/testnet"
)

// runAsProgram, in the environment, makes the test binary be failoverd, so that
// the race detector watches it.
const runAsProgram = "DHCPHA_TEST_RUN_FAILOVERD"

func TestMain(m *testing.M) {
	if os.Getenv(runAsProgram) != "" {
		main()
		return
	}
	// The tests wait for other programs most of the time.
	flag.Parse()
	_ = flag.Set("test.parallel", strconv.Itoa(8*runtime.GOMAXPROCS(0)))
	os.Exit(m.Run())
}

// program is failoverd, running.
type program struct {
	*testnet.Process
	family int    // 4 or 6, see familyOf
	config string // its configuration file
	leases string // the lease file that it names; the .db is beside it
	socket string // the control socket

	t    testing.TB
	host *testnet.Host // nil: the machine, see startLocal
	args []string
	env  []string
}

// startProgram starts failoverd with a configuration and returns once it
// answers queries. The configuration is a Dhcp4 object, or a Dhcp6 object with
// subnets; where it says nothing of a control socket, hooks, a lease file,
// loggers or interfaces, it gets files in a folder of the network, the lease
// commands, all logs, and eth0. When the test ends the program has to end well
// at SIGTERM, unless it has ended before.
func startProgram(t testing.TB, n *testnet.Net, h *testnet.Host, config string, args ...string) *program {
	t.Helper()
	p := prepareProgram(t, n, h, config, args...)
	p.restart()
	p.awaitReady(within(t, 20*time.Second))
	return p
}

// prepareProgram writes the configuration of a program that is to be started
// by restart.
func prepareProgram(t testing.TB, n *testnet.Net, h *testnet.Host, config string, args ...string) *program {
	t.Helper()
	testnet.Require(t, "ip")
	dir, err := os.MkdirTemp(n.Dir(), "failoverd-")
	require.NoError(t, err)
	p := &program{
		config: filepath.Join(dir, "conf"), leases: filepath.Join(dir, "leases.csv"), socket: filepath.Join(dir, "ctrl"),
		t: t, host: h,
	}
	p.args = append([]string{"-c", p.config}, args...)
	p.family = familyOf(config)
	p.configure(config)
	return p
}

// configure replaces the configuration file.
func (p *program) configure(config string) {
	p.t.Helper()
	require.NoError(p.t, os.WriteFile(p.config, []byte(complete(p.t, config, p.socket, p.leases)), 0o644))
}

// familyOf returns the version of DHCP that a configuration is for.
func familyOf(config string) int {
	if strings.Contains(config, `"subnet6"`) {
		return 6
	}
	return 4
}

// named completes the name of a command, such as "lease%d-get-all".
func (p *program) named(format string) string { return fmt.Sprintf(format, p.family) }

// complete makes a configuration file of a Dhcp4 or Dhcp6 object in strict JSON
// and of what it leaves open. Kea would take the same file.
func complete(t testing.TB, config, socket, leases string) string {
	t.Helper()
	family := familyOf(config)
	var c map[string]any
	require.NoError(t, json.Unmarshal([]byte(config), &c), config)
	defaults := map[string]any{
		"interfaces-config": map[string]any{"interfaces": []string{"eth0"}},
		"hooks-libraries":   []any{map[string]any{"library": leaseCommandsLibrary()}},
		"lease-database":    map[string]any{"type": "memfile", "name": leases, "lfc-interval": 0},
		"loggers":           []any{map[string]any{"name": fmt.Sprintf("kea-dhcp%d", family), "severity": "DEBUG", "debuglevel": 50, "output_options": []any{map[string]any{"output": "stdout"}}}},
	}
	if c["control-sockets"] == nil {
		defaults["control-socket"] = map[string]any{"socket-type": "unix", "socket-name": socket}
	}
	if family == 6 {
		defaults["data-directory"] = filepath.Dir(leases) // where Kea keeps its DUID
	}
	for name, value := range defaults {
		if c[name] == nil {
			c[name] = value
		}
	}
	text, err := json.MarshalIndent(map[string]any{fmt.Sprintf("Dhcp%d", family): c}, "", "\t")
	require.NoError(t, err)
	return string(text)
}

// leaseCommandsLibrary is Kea's, or where it might be if it were installed.
func leaseCommandsLibrary() string {
	const base = "kea/hooks/libdhcp_lease_cmds.so"
	if found, _ := filepath.Glob("/usr/lib/*/" + base); len(found) > 0 {
		return found[0]
	}
	return "/usr/lib/" + base
}

// restart kills the program if it runs and starts it with the same files. It
// does not wait until it is ready.
func (p *program) restart() {
	p.t.Helper()
	if p.Process != nil {
		p.Kill()
	}
	cmd := exec.CommandContext(context.Background(), testBinary(p.t), p.args...)
	if p.host != nil {
		cmd = p.host.Command(context.Background(), testBinary(p.t), p.args...)
	}
	cmd.Env = append(os.Environ(), append(p.env, runAsProgram+"=1")...)
	process := testnet.StartCommand(p.t, cmd)
	p.Process = process
	p.t.Cleanup(func() {
		if p.Process == process { // not that of another restart
			p.stop()
		}
	})
}

func testBinary(t testing.TB) string {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	return self
}

// stop ends the program by SIGTERM, unless it has ended.
func (p *program) stop() {
	p.t.Helper()
	select {
	case <-p.Done():
	default:
		p.Signal("TERM")
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := p.Wait(ctx); err != nil {
			p.t.Errorf("failoverd at SIGTERM: %v\n%s", err, p.Output())
		}
	}
	require.NotContains(p.t, p.Output(), "DATA RACE")
}

// awaitReady waits until queries are answered.
func (p *program) awaitReady(ctx context.Context) {
	p.t.Helper()
	testnet.Until(ctx, p.t, "failoverd is ready", func() error {
		select {
		case <-p.Done():
			p.t.Fatalf("failoverd ended: %v\n%s", p.Wait(ctx), p.Output())
		default:
		}
		r, err := call(ctx, p.socket, "status-get", nil)
		if err != nil {
			return err
		}
		var status struct {
			Sockets struct {
				Status string
				Errors []string
			}
		}
		if err := json.Unmarshal(r.Arguments, &status); err != nil {
			return err
		}
		if status.Sockets.Status != "ready" {
			return fmt.Errorf("%s: %v", status.Sockets.Status, status.Sockets.Errors)
		}
		return nil
	})
}

// command runs a command that has to succeed and returns its arguments.
func (p *program) command(ctx context.Context, command string, args any) json.RawMessage {
	p.t.Helper()
	r, err := call(ctx, p.socket, command, args)
	require.NoError(p.t, err)
	require.Zero(p.t, r.Result, r.Text)
	return r.Arguments
}

// call runs a command of failoverd or Kea. A result other than success is no
// error.
func call(ctx context.Context, socket, command string, args any) (*ctrl.Reply, error) {
	client, err := ctrl.NewClient("unix:"+socket, nil)
	if err != nil {
		return nil, err
	}
	r, err := client.Call(ctx, command, args)
	if refused := (*ctrl.ResultError)(nil); errors.As(err, &refused) {
		err = nil
	}
	return r, err
}

// awaitLog waits until the program has logged a text.
func (p *program) awaitLog(ctx context.Context, text string) {
	p.t.Helper()
	awaitOutput(ctx, p.t, p.Process, text)
}

func within(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
