package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/testnet"
)

// pair is two servers of one kind that keep each other's leases, on a network
// with their clients and another one between them.
type pair struct {
	s       *tb
	name    string
	mode    string
	net     *testnet.Net
	servers [2]*server
	clients *testnet.Host
	load    string // the program dhcpload
}

// server is one of the two.
type server struct {
	*testnet.Process // nil: it was never started
	host             *testnet.Host
	kea              *testnet.Kea // nil: it is not one, or was never started
	dir, config      string
	program          string // failoverd; empty: a Kea
}

// programs are what pairs are made of.
type programs struct{ failoverd, load string }

func buildPrograms(s *tb) programs {
	return programs{build(s, "examples/failoverd"), build(s, "internal/dhcpload")}
}

// pairAddrs are the servers' to clients, haAddrs to each other.
var (
	pairAddrs = [2]string{dhcp4.server, "10.77.0.2"}
	haAddrs   = [2]string{"10.78.0.1", "10.78.0.2"}
)

// newPair starts nothing yet.
func newPair(s *tb, p programs, kea bool, mode string) *pair {
	testnet.Require(s, "ip", "kea-dhcp4")
	d := &pair{s: s, name: "failoverd", mode: mode, net: testnet.New(s), load: p.load}
	lan, link := d.net.LAN(), d.net.LAN()
	if kea {
		d.name = "kea-dhcp4"
	}
	for i := range d.servers {
		h := d.net.Host(fmt.Sprintf("server%d", i+1))
		h.Join(lan, "eth0", pairAddrs[i]+"/24")
		h.Divide("eth0")
		h.Join(link, "ha0", haAddrs[i]+"/24")
		d.servers[i] = &server{host: h}
		if !kea {
			d.servers[i].program = p.failoverd
		}
	}
	d.clients = d.net.Host("clients")
	d.clients.Join(lan, "eth0", dhcp4.relay+dhcp4.length)
	d.forget(0)
	d.forget(1)
	return d
}

// from is where the clients' relay agent is.
func (d *pair) from() string { return dhcp4.endpoint(dhcp4.relay) }

// to is where the clients' queries go.
func (d *pair) to() string { return pairAddrs[0] + ":67," + pairAddrs[1] + ":67" }

// forget takes its leases from a server that does not run.
func (d *pair) forget(i int) {
	sv := d.servers[i]
	var err error
	if sv.dir, err = os.MkdirTemp(d.net.Dir(), "server-"); err != nil {
		d.s.Fatal(err)
	}
	sv.config = filepath.Join(sv.dir, "conf")
	if err := os.WriteFile(sv.config, []byte(d.configuration(i)), 0o644); err != nil {
		d.s.Fatal(err)
	}
	sv.kea = nil
}

// configuration is a Kea configuration file, the same for both kinds.
func (d *pair) configuration(i int) string {
	second, pools := "standby", `{"pool": "10.128.0.0 - 10.255.255.254"}`
	if d.mode == "load-balancing" {
		second = "secondary"
		pools = `{"pool": "10.128.0.0 - 10.191.255.255", "client-class": "HA_server1"},
			{"pool": "10.192.0.0 - 10.255.255.254", "client-class": "HA_server2"}`
	}
	return fmt.Sprintf(`{"Dhcp4": {%s
	"multi-threading": {"enable-multi-threading": true},
	"interfaces-config": {"interfaces": ["eth0"]},
	"lease-database": {"type": "memfile", "persist": true, "name": %q, "lfc-interval": 0},
	"control-socket": {"socket-type": "unix", "socket-name": %q},
	"valid-lifetime": 7200,
	"subnet4": [{
		"id": 1, "subnet": "10.0.0.0/8", "pools": [%s],
		"relay": {"ip-addresses": [%q]},
		"option-data": [
			{"name": "routers", "data": "10.0.0.1"},
			{"name": "domain-name-servers", "data": "10.0.0.2, 10.0.0.3"}]}],
	"hooks-libraries": [{"library": %q}, {"library": %q, "parameters": {"high-availability": [{
		"this-server-name": "server%d", "mode": %q,
		"heartbeat-delay": %d, "max-response-delay": %d, "max-ack-delay": 1000, "max-unacked-clients": 0,
		"multi-threading": {"enable-multi-threading": true, "http-dedicated-listener": true},
		"peers": [
			{"name": "server1", "url": "http://%s:8000/", "role": "primary"},
			{"name": "server2", "url": "http://%s:8000/", "role": %q}]}]}}]}}`,
		dhcp4.quiet(), d.servers[i].leases(), d.servers[i].socket(), pools, dhcp4.relay,
		testnet.KeaHook(d.s, "libdhcp_lease_cmds.so"), testnet.KeaHook(d.s, "libdhcp_ha.so"),
		i+1, d.mode, heartbeatDelay.Milliseconds(), maxResponseDelay.Milliseconds(), haAddrs[0], haAddrs[1], second)
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
	case sv.program == "" && sv.kea == nil:
		text, err := os.ReadFile(sv.config)
		if err != nil {
			d.s.Fatal(err)
		}
		sv.kea = sv.host.StartKea("kea-dhcp4", string(text))
		sv.Process = sv.kea.Process
	case sv.program == "":
		sv.kea.Restart()
		sv.Process = sv.kea.Process
	default:
		sv.Process = sv.host.Start(sv.program, "-c", sv.config)
	}
	d.await(fmt.Sprintf("server%d answers", i+1), func(ctx context.Context) error {
		_, err := sv.state(ctx)
		return err
	})
}

// startBoth starts both, without leases, and returns the programs once they
// work together.
func (d *pair) startBoth() []*testnet.Process {
	for i := range d.servers {
		d.forget(i)
		d.start(i)
	}
	d.awaitNormal()
	return []*testnet.Process{d.servers[0].Process, d.servers[1].Process}
}

// state is what a server says that it is in.
func (sv *server) state(ctx context.Context) (string, error) {
	var status struct {
		Relationships []struct {
			Servers struct{ Local struct{ State string } } `json:"ha-servers"`
		} `json:"high-availability"`
	}
	if err := sv.call(ctx, "status-get", nil, &status); err != nil {
		return "", err
	}
	if len(status.Relationships) == 0 {
		return "", errors.New("no high availability")
	}
	return status.Relationships[0].Servers.Local.State, nil
}

// call runs a command and reads the arguments of the answer.
func (sv *server) call(ctx context.Context, command string, args, result any) error {
	client, err := ctrl.NewClient("unix:"+sv.socket(), nil)
	if err != nil {
		return err
	}
	reply, err := client.Call(ctx, command, args)
	if err != nil {
		return err
	}
	return json.Unmarshal(reply.Arguments, result)
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
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	testnet.Until(ctx, d.s, d.name+": "+what, func() error { return ok(ctx) })
}
