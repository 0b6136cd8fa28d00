package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dhcpha/dhcpha/internal/rig"
	"github.com/dhcpha/dhcpha/internal/testnet"
)

// pair is two servers that keep each other's leases, on a network with their
// clients and another one between them; or, without a mode, a single server.
type pair struct {
	family
	s       *tb
	name    string
	mode    string
	net     *testnet.Net
	servers []*server
	clients *testnet.Host
	program programs
}

// server is one of them.
type server struct {
	*testnet.Process // nil: it was never started
	kind             kind
	host             *testnet.Host
	kea              *testnet.Kea     // nil: it is not one, or was never started
	agent            *testnet.Process // Kea's control agent, where partners need it
	dir, config      string
}

// haAddrs are the servers' addresses to each other.
var haAddrs = [2]string{"10.78.0.1", "10.78.0.2"}

// newPair starts nothing yet. There is a kind for each server; one stands for
// both.
func newPair(s *tb, p programs, f family, mode string, kinds ...kind) *pair {
	testnet.Require(s, "ip", f.kea, "kea-ctrl-agent")
	d := &pair{family: f, s: s, name: f.nameOf(kinds[0]), mode: mode, net: testnet.New(s), program: p}
	size := 2
	switch {
	case mode == "":
		size = 1
	case len(kinds) == 1:
		kinds = append(kinds, kinds[0])
	case len(kinds) == 2:
		d.name += " with " + f.nameOf(kinds[1]) + ", as standby"
	}
	lan, link := d.net.LAN(), d.net.LAN()
	for i := range size {
		h := d.net.Host(fmt.Sprintf("server%d", i+1))
		h.Join(lan, "eth0", f.servers[i]+f.length)
		h.Divide("eth0")
		h.Join(link, "ha0", haAddrs[i]+"/24")
		d.servers = append(d.servers, &server{kind: kinds[i], host: h})
		d.forget(i)
	}
	d.clients = d.net.Host("clients")
	d.clients.Join(lan, "eth0", f.relay+f.length)
	d.clients.Divide("eth0")
	return d
}

// from is where the clients' relay agent is.
func (d *pair) from() string { return d.endpoint(d.relay) }

// to is where the clients' queries go.
func (d *pair) to() string {
	var all []string
	for i := range d.servers {
		all = append(all, d.endpoint(d.family.servers[i]))
	}
	return strings.Join(all, ",")
}

// subject is what clients of it are measured with.
func (d *pair) subject() subject {
	return subject{d.title(), d.from(), d.to(), d.clients, d.startBoth}
}

func (d *pair) title() string {
	if d.mode == "" {
		return d.name
	}
	return d.name + ", " + d.mode
}

// forget takes its leases from a server that does not run.
func (d *pair) forget(i int) {
	sv := d.servers[i]
	var err error
	if sv.dir, err = os.MkdirTemp(d.net.Dir(), "server-"); err != nil {
		d.s.Fatal(err)
	}
	sv.config = filepath.Join(sv.dir, "conf")
	pools := fmt.Sprintf(`{"pool": %q}`, d.pool)
	if d.mode == "load-balancing" {
		pools = fmt.Sprintf(`{"pool": %q, "client-class": "HA_server1"}, {"pool": %q, "client-class": "HA_server2"}`, d.halves[0], d.halves[1])
	}
	text := d.configuration(sv.kind, i, sv.dir, pools, d.hooks(i))
	if err := os.WriteFile(sv.config, []byte(text), 0o644); err != nil {
		d.s.Fatal(err)
	}
	sv.kea = nil
}

// hooks are what makes a server one of the pair.
func (d *pair) hooks(i int) string {
	if d.mode == "" {
		return ""
	}
	second, threads := "standby", `"multi-threading": {"enable-multi-threading": true, "http-dedicated-listener": true},`
	if d.mode == "load-balancing" {
		second = "secondary"
	}
	if d.servers[i].kind == keaShipped {
		threads = ""
	}
	return fmt.Sprintf(`{"library": %q}, {"library": %q, "parameters": {"high-availability": [{
		"this-server-name": "server%d", "mode": %q,
		"heartbeat-delay": %d, "max-response-delay": %d, "max-ack-delay": 1000, "max-unacked-clients": 0,
		%s
		"peers": [
			{"name": "server1", "url": "http://%s:8000/", "role": "primary"},
			{"name": "server2", "url": "http://%s:8000/", "role": %q}]}]}}`,
		testnet.KeaHook(d.s, "libdhcp_lease_cmds.so"), testnet.KeaHook(d.s, "libdhcp_ha.so"),
		i+1, d.mode, heartbeatDelay.Milliseconds(), maxResponseDelay.Milliseconds(), threads, haAddrs[0], haAddrs[1], second)
}

const (
	heartbeatDelay   = time.Second
	maxResponseDelay = 3 * time.Second
)

func (sv *server) leases() string { return filepath.Join(sv.dir, "leases.csv") }
func (sv *server) socket() string { return filepath.Join(sv.dir, "ctrl") }

// start starts a server, again if it has run before, and returns once it
// answers commands.
func (d *pair) start(i int) {
	sv := d.servers[i]
	switch {
	case sv.kind == ours:
		sv.Process = sv.host.Start(d.program.failoverd, append(slices.Clone(d.program.flags), "-c", sv.config)...)
	case sv.kea == nil:
		text, err := os.ReadFile(sv.config)
		if err != nil {
			d.s.Fatal(err)
		}
		sv.kea = sv.host.StartKea(d.kea, string(text))
		sv.Process = sv.kea.Process
	default:
		sv.kea.Restart()
		sv.Process = sv.kea.Process
	}
	if sv.kind == keaShipped && d.mode != "" {
		d.startAgent(i)
	}
	d.await(fmt.Sprintf("server%d answers", i+1), func(ctx context.Context) error {
		if d.mode == "" {
			return sv.call(ctx, "version-get", nil, new(any))
		}
		_, err := sv.state(ctx)
		return err
	})
}

// startAgent starts the program through which the partner's commands reach a
// Kea that has no listener of its own.
func (d *pair) startAgent(i int) {
	sv := d.servers[i]
	if !lacksListener(d.s, d.kea) {
		return
	}
	if sv.agent != nil {
		sv.agent.Kill()
	}
	config := filepath.Join(sv.dir, "agent")
	text := fmt.Sprintf(`{"Control-agent": {
		"http-host": %q, "http-port": 8000, "control-sockets": {%q: {"socket-type": "unix", "socket-name": %q}},
		"loggers": [{"name": "kea-ctrl-agent", "severity": "INFO", "output_options": [{"output": %q}]}]}}`,
		haAddrs[i], strings.ToLower(d.root), sv.socket(), filepath.Join(sv.dir, "agent.log"))
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		d.s.Fatal(err)
	}
	cmd := sv.host.Command(context.Background(), "kea-ctrl-agent", "-c", config)
	cmd.Env = append(os.Environ(), "KEA_PIDFILE_DIR="+sv.dir, "KEA_LOCKFILE_DIR="+sv.dir)
	sv.agent = sv.host.StartCommand(cmd)
}

// lacksListener says whether a Kea's partners by default do not reach it but
// through its control agent: until 2.3.7.
func lacksListener(s *tb, program string) bool {
	out, err := exec.CommandContext(context.Background(), program, "-v").Output()
	var major, minor, patch int
	if _, err2 := fmt.Sscanf(string(out), "%d.%d.%d", &major, &minor, &patch); err != nil || err2 != nil {
		s.Fatalf("%s -v: %q, %v", program, out, cmp.Or(err, err2))
	}
	return slices.Compare([]int{major, minor, patch}, []int{2, 3, 7}) < 0
}

// startBoth starts both, without leases, and returns the programs once they
// work together.
func (d *pair) startBoth() []*testnet.Process {
	var all []*testnet.Process
	for i, sv := range d.servers {
		d.forget(i)
		d.start(i)
		all = append(all, sv.Process)
		if sv.agent != nil {
			all = append(all, sv.agent)
		}
	}
	if d.mode != "" {
		d.awaitNormal()
	}
	return all
}

// state is what a server says that it is in.
func (sv *server) state(ctx context.Context) (string, error) {
	state, _, err := rig.Control(sv.socket()).States(ctx)
	return state, err
}

// call runs a command and reads the arguments of the answer.
func (sv *server) call(ctx context.Context, command string, args, result any) error {
	return rig.Control(sv.socket()).Call(ctx, command, args, result)
}

// awaitNormal waits until both work together.
func (d *pair) awaitNormal() { d.s.Helper(); d.awaitStates(d.mode, d.mode) }

// awaitStates waits until the servers are in states; empty: in any, or none.
func (d *pair) awaitStates(states ...string) {
	d.await("the servers are "+strings.Join(states, " and "), func(ctx context.Context) error {
		for i, want := range states {
			if want == "" {
				continue
			}
			if state, err := d.servers[i].state(ctx); err != nil {
				return err
			} else if state != want {
				return fmt.Errorf("server%d is %s", i+1, state)
			}
		}
		return nil
	})
}

func (d *pair) await(what string, ok func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute) // a Kea may have a million leases to fetch
	defer cancel()
	testnet.Until(ctx, d.s, d.title()+": "+what, func() error { return ok(ctx) })
}
