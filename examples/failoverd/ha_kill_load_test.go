package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
	"github.com/dhcpha/dhcpha/lease"
)

// At full load, with hundreds of exchanges in flight at any moment, a server of
// a pair is killed. Whatever a client was acknowledged is in both servers'
// files; only what the primary has acknowledged since it is alone is not in the
// standby's.
func TestHAKillAtFullLoad(t *testing.T) {
	t.Parallel()
	load := filepath.Join(t.TempDir(), "dhcpload")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", load, "../../internal/dhcpload").CombinedOutput()
	require.NoError(t, err, "%s", out)
	t.Run("DHCPv4", func(t *testing.T) {
		t.Parallel()
		killAtFullLoad(t, newLoadedPair(t, load, testnet.FreePort, `"subnet4": [{"id": 1, "subnet": "10.0.0.0/8",
			"relay": {"ip-addresses": ["127.0.0.1"]}, "pools": [{"pool": "10.0.0.1 - 10.255.255.254"}]}]`, ""))
	})
	t.Run("DHCPv6", func(t *testing.T) {
		t.Parallel()
		killAtFullLoad(t, newLoadedPair(t, load, testnet.FreePort6, `"subnet6": [{"id": 1, "subnet": "2001:db8::/32",
			"relay": {"ip-addresses": ["::1"]}, "pools": [{"pool": "2001:db8::/64"}],
			"pd-pools": [{"prefix": "3fff::", "prefix-len": 24, "delegated-len": 56}]}]`, "-pd"))
	})
}

func killAtFullLoad(t *testing.T, p *loadedPair) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	var told promises
	victims := []int{0, 1, 0}
	for round, victim := range victims {
		if round > 0 {
			p.servers[victims[round-1]].restart()
		}
		p.awaitNormal()
		began := time.Now()
		running := p.drive(round)
		p.awaitAcks(inFlight)
		moment := time.NewTimer(time.Duration(random.Int64N(int64(200 * time.Millisecond))))
		<-moment.C // the kill is to come at any instant
		killed := time.Now()
		p.servers[victim].Kill()
		running.Kill()
		acks := p.acknowledged()
		told.noteAll(acks, began, func(a ack) bool { return a.at.Before(killed.Truncate(time.Millisecond)) })
		promised := []map[netip.Addr]promise{told.copy(), told.copy()}
		told.noteAll(acks, began, func(ack) bool { return true })
		promised[0] = told.copy()
		if victim == 0 {
			promised[1] = promised[0]
		}
		require.NoError(t, told.broken)
		for i, s := range p.servers {
			// Before the one that is down can learn anything from the other.
			require.NoError(t, verify(promised[i], kept(t, s)), "server%d, round %d, server%d was killed", i+1, round+1, victim+1)
		}
		t.Logf("round %d: server%d killed; of %d leases acknowledged %d and %d are where they must be",
			round+1, victim+1, len(told.leases), len(promised[0]), len(promised[1]))
	}
}

// inFlight is how many clients wait for an answer at any moment.
const inFlight = 400

// loadedPair is a pair in hot-standby on loopback, where it needs no privileges,
// and the program that has clients ask it.
type loadedPair struct {
	t       *testing.T
	ctx     context.Context
	servers [2]*program
	load    []string // its command line
	acks    string   // the file in which it notes what is acknowledged
}

// newLoadedPair starts a pair that serves a subnet.
func newLoadedPair(t *testing.T, load string, freePort func(testing.TB) netip.AddrPort, subnet string, flags ...string) *loadedPair {
	t.Helper()
	dir, err := os.MkdirTemp("", "failoverd-") // short enough for a unix socket
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	p := &loadedPair{t: t, ctx: within(t, 3*time.Minute), acks: filepath.Join(dir, "acks")}
	clients := freePort(t)
	var peers, to []string
	for i, role := range []string{"primary", "standby"} {
		peers = append(peers, fmt.Sprintf(`{"name": "server%d", "role": %q, "url": "http://%s/"}`, i+1, role, freeTCP(t)))
	}
	for i := range p.servers {
		server := freePort(t)
		to = append(to, server.String())
		name := filepath.Join(dir, fmt.Sprintf("server%d", i+1))
		s := &program{
			family: familyOf(subnet), config: name + ".conf", leases: name + ".csv", socket: name + ".ctrl", t: t,
			args: []string{"-c", name + ".conf", "-p", fmt.Sprint(server.Port()), "-P", fmt.Sprint(clients.Port())},
		}
		// The standby is not to take over while it is watched.
		s.configure(fmt.Sprintf(`{"valid-lifetime": 86400, %s,
			"interfaces-config": {"interfaces": ["%s/%s"]%s},
			"loggers": [{"name": "kea-dhcp%d", "severity": "ERROR"}],
			"hooks-libraries": [{"library": %q}, {"library": "/usr/lib/kea/hooks/libdhcp_ha.so", "parameters": {"high-availability": [{
				"this-server-name": "server%d", "mode": "hot-standby", "heartbeat-delay": 200,
				"max-response-delay": 60000, "max-ack-delay": 10000, "max-unacked-clients": 0, "peers": [%s]}]}}]}`,
			subnet, testnet.Loopback(t), server.Addr(), map[int]string{4: `, "dhcp-socket-type": "udp"`}[s.family],
			s.family, leaseCommandsLibrary(), i+1, strings.Join(peers, ", ")))
		s.restart()
		p.servers[i] = s
	}
	p.load = append([]string{load, "-bind", clients.String(), "-to", strings.Join(to, ","), "-acks", p.acks,
		"-window", fmt.Sprint(inFlight), "-for", "1h", "-timeout", "500ms"}, flags...)
	return p
}

func freeTCP(t *testing.T) net.Addr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr()
}

// awaitNormal waits until both work together.
func (p *loadedPair) awaitNormal() {
	p.t.Helper()
	for _, s := range p.servers {
		server := &haServer{socket: s.socket}
		testnet.Until(p.ctx, p.t, s.config+" is one of a pair", func() error {
			status, err := server.status(p.ctx)
			if err == nil && (status.Servers.Local.State != "hot-standby" || status.Servers.Remote.State != "hot-standby") {
				err = fmt.Errorf("they are %s and %s", status.Servers.Local.State, status.Servers.Remote.State)
			}
			return err
		})
	}
}

// drive has new clients, others in each round, ask for leases.
func (p *loadedPair) drive(round int) *testnet.Process {
	p.t.Helper()
	require.NoError(p.t, os.RemoveAll(p.acks))
	cmd := exec.CommandContext(p.ctx, p.load[0], append(p.load[1:], "-seed", fmt.Sprint(round+1))...)
	return testnet.StartCommand(p.t, cmd)
}

func (p *loadedPair) awaitAcks(n int) {
	p.t.Helper()
	testnet.Until(p.ctx, p.t, "clients get leases", func() error {
		text, err := os.ReadFile(p.acks)
		if err == nil && strings.Count(string(text), "\n") < n {
			err = errors.New("too few do")
		}
		return err
	})
}

// ack is what a client was acknowledged.
type ack struct {
	at     time.Time
	addr   netip.Addr
	client string // its hardware address, or DUID
	valid  time.Duration
}

// acknowledged returns what clients have been acknowledged in the last round.
func (p *loadedPair) acknowledged() (acks []ack) {
	p.t.Helper()
	text, err := os.ReadFile(p.acks)
	require.NoError(p.t, err)
	for line := range strings.Lines(string(text)) {
		var ms, client, seconds int64
		var leased, server string
		_, err := fmt.Sscanf(line, "%d %x %s %s %d", &ms, &client, &leased, &server, &seconds)
		require.NoError(p.t, err, line)
		addr, _, _ := strings.Cut(leased, "/")
		a := ack{time.UnixMilli(ms), netip.MustParseAddr(addr), hwAddrOf(client).String(), time.Duration(seconds) * time.Second}
		if p.servers[0].family == 6 {
			a.client = "00:03:00:01:" + a.client
		}
		acks = append(acks, a)
	}
	return acks
}

// noteAll notes those that are wanted of what was asked for after a time.
func (p *promises) noteAll(acks []ack, after time.Time, want func(ack) bool) {
	for _, a := range acks {
		if want(a) {
			p.note(a.addr, a.client, after, a.valid)
		}
	}
}

// hwAddrOf is the hardware address of one of dhcpload's clients.
func hwAddrOf(client int64) net.HardwareAddr {
	b, _ := hex.DecodeString(fmt.Sprintf("%012x", client))
	b[0] = b[0]&^1 | 2
	return b
}

// kept returns the leases in a server's file, whether it runs or not.
func kept(t *testing.T, s *program) map[netip.Addr]keptLease {
	t.Helper()
	copied := filepath.Join(t.TempDir(), "leases.db")
	file, err := os.ReadFile(s.leases + ".db")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(copied, file, 0o600))
	store, err := lease.Open(copied, nil)
	require.NoError(t, err)
	defer store.Close()
	leases := make(map[netip.Addr]keptLease)
	for l := range store.All() {
		k := keptLease{Addr: l.Addr, HW: net.HardwareAddr(l.HWAddr).String(), CLTT: l.CLTT, Valid: int64(l.ValidLft), State: int(l.State)}
		if s.family == 6 {
			k.DUID = net.HardwareAddr(l.ClientID).String()
		}
		leases[l.Addr] = k
	}
	return leases
}
