package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// kinds says which programs the servers of a relationship are: those of the
// pair and, if it is a third, their backup.
type kinds []string

const (
	keas = "kea"
	ours = "failoverd"
)

func (k kinds) String() string { return strings.Join(k, " and ") }

// haPartners are the pairs that a test of HA runs with. A pair of Keas passes
// most of them and shows that the tests are right: run it by -args -kea-pairs.
func haPartners() []kinds {
	all := []kinds{{ours, ours}, {ours, keas}, {keas, ours}}
	if *keaPairs {
		all = append(all, kinds{keas, keas})
	}
	return all
}

// haTrios are those with a backup.
func haTrios() []kinds {
	return []kinds{{ours, ours, ours}, {ours, keas, ours}, {keas, ours, ours}}
}

// haWorld is two servers, or three, that clients reach on one network, and that
// reach each other on another.
type haWorld struct {
	t       *testing.T
	ctx     context.Context
	family  *haFamily
	net     *testnet.Net
	lan     *testnet.LAN  // of the clients
	servers []*haServer   // the first two are partners
	host    *testnet.Host // of the clients
	clients crowd
}

// haServer is one of them, of either kind.
type haServer struct {
	name    string
	kind    string
	host    *testnet.Host
	id      string // to clients, see haLease
	url     string // to the other servers
	socket  string // the control socket
	branch  int    // of a hub: which relationship, and subnet, from 1 on; 0: it has one
	config  map[string]any
	kea     *testnet.Kea
	program *program
}

// newHAWorld starts nothing yet; see start.
func newHAWorld(t *testing.T, f *haFamily, kinds kinds, relationship relationship) *haWorld {
	t.Helper()
	testnet.Require(t, "ip", "nft", f.program())
	n := testnet.New(t)
	lan, link := n.LAN(), n.LAN()
	w := &haWorld{t: t, ctx: within(t, *haPatience), family: f, net: n, lan: lan}
	relationship.backup = len(kinds) == 3
	for i, kind := range kinds {
		addr := f.lanAddr(1, i+1)
		s := &haServer{name: fmt.Sprintf("server%d", i+1), kind: kind, url: f.url(i + 1)}
		s.host = n.Host(s.name)
		s.host.Join(lan, "eth0", addr.String())
		s.host.Join(link, "ha0", f.linkAddr(i+1).String())
		s.config = relationship.config(f, s.name)
		s.id = f.identify(s.config, addr.Addr())
		w.servers = append(w.servers, s)
	}
	w.host = n.Host("clients")
	w.host.Join(lan, "eth0", f.lanAddr(1, 9).String())
	w.clients = f.crowd(t, w.host, "eth0", 1)
	return w
}

// start starts servers, all if none is named, without waiting for anything but
// that they take commands.
func (w *haWorld) start(servers ...*haServer) {
	w.t.Helper()
	if servers == nil {
		servers = w.servers
	}
	for _, s := range servers {
		switch {
		case s.kea != nil:
			s.kea.Restart()
		case s.program != nil:
			s.program.restart()
			s.program.awaitReady(w.ctx)
		case s.kind == keas:
			text, err := json.Marshal(map[string]any{w.family.root(): s.config})
			require.NoError(w.t, err)
			s.kea = s.host.StartKea(w.family.program(), string(text))
			s.socket = s.kea.Socket
		default:
			text, err := json.Marshal(s.config)
			require.NoError(w.t, err)
			s.program = startProgram(w.t, w.net, s.host, string(text))
			s.socket = s.program.socket
		}
	}
}

// kill ends a server as a power cut does; start brings it back, with its leases.
func (s *haServer) kill() {
	if s.kea != nil {
		s.kea.Kill()
	} else {
		s.program.Kill()
	}
}

// forget removes the leases of a server that does not run.
func (s *haServer) forget(t *testing.T) {
	t.Helper()
	name := filepath.Join(filepath.Dir(s.socket), "leases.csv*")
	files, err := filepath.Glob(name)
	require.NoError(t, err)
	require.NotEmpty(t, files, name)
	for _, file := range files {
		require.NoError(t, os.Remove(file))
	}
}

// partner returns the other server.
func (w *haWorld) partner(s *haServer) *haServer {
	if s == w.servers[0] {
		return w.servers[1]
	}
	return w.servers[0]
}

// sever cuts the servers off from each other, but not from clients.
func (w *haWorld) sever(how testnet.Cut) (heal func()) {
	w.t.Helper()
	return w.servers[0].host.Sever(w.family.linkAddr(2).Addr(), how)
}

// command runs a command on a server's control socket and returns its
// arguments; the result has to be success.
func (w *haWorld) command(s *haServer, command string, args any) json.RawMessage {
	w.t.Helper()
	r, err := call(w.ctx, s.socket, command, args)
	require.NoError(w.t, err, "%s: %s", s.name, command)
	require.Zero(w.t, r.Result, "%s: %s: %s", s.name, command, r.Text)
	return r.Arguments
}

// haStatus is what a server says of itself and its partner.
type haStatus struct {
	Mode    string `json:"ha-mode"`
	Servers struct {
		Local struct {
			Name        string `json:"server-name"`
			Role, State string
			Scopes      []string
		}
		Remote struct {
			Name        string `json:"server-name"`
			Role        string
			State       string   `json:"last-state"`
			Scopes      []string `json:"last-scopes"`
			Interrupted bool     `json:"communication-interrupted"`
			InTouch     bool     `json:"in-touch"`
		}
	} `json:"ha-servers"`
}

// status asks a server for its state. Its error is that it does not answer.
func (s *haServer) status(ctx context.Context) (status haStatus, err error) {
	r, err := call(ctx, s.socket, "status-get", nil)
	if err != nil {
		return status, err
	}
	var args struct {
		Relationships []haStatus `json:"high-availability"`
	}
	if err := json.Unmarshal(r.Arguments, &args); err != nil {
		return status, err
	}
	index, of := 0, 1
	if s.branch > 0 {
		index, of = s.branch-1, 2
	}
	if len(args.Relationships) != of {
		return status, fmt.Errorf("%d relationships in %s", len(args.Relationships), r.Arguments)
	}
	return args.Relationships[index], nil
}

// await waits until a server is in one of the states.
func (w *haWorld) await(s *haServer, states ...string) {
	w.t.Helper()
	testnet.Until(w.ctx, w.t, fmt.Sprintf("%s is in one of the states %v", s.name, states), func() error {
		status, err := s.status(w.ctx)
		if err == nil && !slices.Contains(states, status.Servers.Local.State) {
			err = fmt.Errorf("it is %s, and knows its partner to be %s", status.Servers.Local.State, status.Servers.Remote.State)
		}
		return err
	})
}

// awaitBoth waits until both partners are in a state and know so.
func (w *haWorld) awaitBoth(state string) {
	w.t.Helper()
	for _, s := range w.servers[:2] {
		testnet.Until(w.ctx, w.t, s.name+" and its partner are "+state, func() error {
			status, err := s.status(w.ctx)
			if err == nil && (status.Servers.Local.State != state || status.Servers.Remote.State != state) {
				err = fmt.Errorf("they are %s and %s", status.Servers.Local.State, status.Servers.Remote.State)
			}
			return err
		})
	}
}

// leasesOf returns the leases of a server by address, members by name.
func (w *haWorld) leasesOf(s *haServer) (map[string]map[string]any, error) {
	var subnets any // nil: all
	if s.branch > 0 {
		subnets = map[string]any{"subnets": []int{s.branch}}
	}
	r, err := call(w.ctx, s.socket, w.family.named("lease%d-get-all"), subnets)
	if err != nil {
		return nil, err
	}
	var args struct{ Leases []map[string]any }
	if err := json.Unmarshal(r.Arguments, &args); err != nil {
		return nil, err
	}
	leases := make(map[string]map[string]any, len(args.Leases))
	for _, l := range args.Leases {
		if l["duid"] == "00" { // of a declined lease, with Kea 2.2
			l["duid"] = "00:00:00"
		}
		leases[l["ip-address"].(string)] = l
	}
	return leases, nil
}

// awaitEqual waits until the servers, all if none is named, have the same
// leases, with the same times, and returns them.
func (w *haWorld) awaitEqual(servers ...*haServer) map[string]map[string]any {
	w.t.Helper()
	if servers == nil {
		servers = w.servers
	}
	return w.awaitEqualBut(func(*haServer, map[string]map[string]any) error { return nil }, servers...)
}

// awaitEqualBut is awaitEqual, after a change to what each server has.
func (w *haWorld) awaitEqualBut(change func(s *haServer, leases map[string]map[string]any) error, servers ...*haServer) (all map[string]map[string]any) {
	w.t.Helper()
	var differ error
	testnet.Until(w.ctx, w.t, "the servers have the same leases", func() error {
		for i, s := range servers {
			leases, err := w.leasesOf(s)
			if err != nil {
				return errors.Join(differ, err)
			}
			if differ = change(s, leases); differ != nil {
				return differ
			}
			if i == 0 {
				all = leases
			} else if err := sameLeases(all, leases); err != nil {
				differ = fmt.Errorf("%s and %s: %w", servers[0].name, s.name, err)
				return differ
			}
		}
		return nil
	})
	return all
}

// awaitLeases waits until the servers have the same leases, which are those of
// as many clients.
func (w *haWorld) awaitLeases(clients int) {
	w.t.Helper()
	require.Len(w.t, w.awaitEqual(), clients*w.family.each)
}

// sameLeases names a lease that is not the same.
func sameLeases(one, other map[string]map[string]any) error {
	for addr, l := range one {
		a, _ := json.Marshal(l)
		b, _ := json.Marshal(other[addr])
		if string(a) != string(b) {
			return fmt.Errorf("one has %d leases, the other %d; one: %s, the other: %s", len(one), len(other), a, b)
		}
	}
	for addr, l := range other {
		if one[addr] == nil {
			return fmt.Errorf("one has %d leases, the other %d; only the other has %v", len(one), len(other), l)
		}
	}
	return nil
}
