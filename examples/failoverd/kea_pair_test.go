package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// pair is Kea and failoverd with the same configuration, each on a network of
// its own, with the same addresses, and with the same clients.
type pair struct {
	t    *testing.T
	ctx  context.Context
	net  *testnet.Net
	kea  *side
	ours *side

	steps uint32 // the transaction of the last query
}

// side is one of the two servers and its network.
type side struct {
	*station
	segment *testnet.LAN
	socket  string            // control socket
	counted map[string]int    // the statistics at first
	last    map[string]*reply // the last reply to each client
}

// The hardware addresses of the servers, and of clients with a reservation.
var (
	serverMAC  = mac(0xff0001)
	probeMAC   = mac(0xff0002)
	serverAddr = netip.MustParseAddr("192.0.2.1")
)

// newPair starts both servers with a configuration, a Dhcp4 object. Stations
// are the owners of all addresses in local.
func newPair(t *testing.T, config string, local ...string) *pair {
	t.Helper()
	testnet.Require(t, "kea-dhcp4")
	n := testnet.New(t)
	p := &pair{t: t, ctx: within(t, 2*time.Minute), net: n}
	network := func(name string) (*side, *testnet.Host) {
		s := &side{segment: n.LAN(), last: map[string]*reply{}}
		server, clients := n.Host(name), n.Host(name+"-clients")
		server.Join(s.segment, "eth0")
		server.IP("link", "set", "eth0", "address", serverMAC.String())
		server.AddAddr("eth0", serverAddr.String()+"/24")
		for _, prefix := range local {
			if !strings.HasPrefix(prefix, "192.0.2.") {
				server.IP("route", "add", prefix, "dev", "eth0")
			}
		}
		clients.Join(s.segment, "eth0")
		clients.IP("link", "set", "eth0", "address", mac(0xff0003).String())
		s.station = newStation(t, clients, "eth0", serverMAC, local...)
		return s, server
	}
	var host *testnet.Host
	p.kea, host = network("kea")
	p.kea.socket = n.Dir() + "/kea-ctrl"
	host.StartKea("kea-dhcp4", complete(t, config, p.kea.socket, n.Dir()+"/kea-leases.csv"))
	p.kea.awaitServer(p.ctx, probeMAC)
	p.ours, host = network("ours")
	p.ours.socket = startProgram(t, n, host, config).socket
	p.kea.counted, p.ours.counted = statistics(p, p.kea), statistics(p, p.ours)
	return p
}

// ask sends the same query, that of a client, to both servers and returns what
// they answer; nil: nothing. Who is expected to answer is waited for: it may be
// long until the disk has a lease.
func (p *pair) ask(client net.HardwareAddr, build func(s *side) query, expected func(kea, ours *reply) bool) (kea, ours *reply) {
	p.t.Helper()
	p.steps++
	send := func(s *side) <-chan *reply {
		q := build(s)
		q.message = append([]byte(nil), q.message...)
		binary.BigEndian.PutUint32(q.message[4:], p.steps)
		if q.hw == nil {
			q.hw = client
		}
		return s.send(q)
	}
	fromKea, fromOurs := send(p.kea), send(p.ours)
	// What comes after the answer to a later query comes too late. Ours may
	// answer two clients' queries in any order.
	probe := make(chan struct{})
	go func() {
		defer close(probe)
		p.probe(p.kea)
		p.probe(p.ours)
	}()
	<-probe
	quiet, late := time.After(silence), time.After(20*time.Second)
	for kea == nil || ours == nil {
		select {
		case kea = <-fromKea:
		case ours = <-fromOurs:
		case <-quiet:
			quiet = nil
		case <-late:
			return kea, ours
		}
		if quiet == nil && expected(kea, ours) {
			break
		}
	}
	return kea, ours
}

// same is ask with the claim that both answer alike. It returns the reply.
func (p *pair) same(what string, client net.HardwareAddr, build func(s *side) query) *reply {
	p.t.Helper()
	kea, ours := p.ask(client, build, func(kea, ours *reply) bool { return (kea == nil) == (ours == nil) })
	p.remember(client, kea, ours)
	if diff := difference(describe(kea), describe(ours)); diff != "" {
		p.t.Errorf("%s:\n%s", what, diff)
	}
	return ours
}

// differs is ask with the claim that the servers answer differently, as
// summaries say, for a reason.
func (p *pair) differs(what string, client net.HardwareAddr, build func(s *side) query, kea, ours, why string) {
	p.t.Helper()
	a, b := p.ask(client, build, func(a, b *reply) bool {
		return (a == nil) == (kea == silent) && (b == nil) == (ours == silent)
	})
	p.remember(client, a, b)
	if summary(a) != kea || summary(b) != ours {
		p.t.Errorf("%s: kea-dhcp4: %s, failoverd: %s; expected were %s and %s, because %s", what, summary(a), summary(b), kea, ours, why)
	}
}

// silent is the summary of no reply.
const silent = "silence"

// summary is a reply in few words.
func summary(r *reply) string {
	if r == nil {
		return silent
	}
	s := r.kind().String()
	if !r.yiaddr.IsUnspecified() {
		s += " " + r.yiaddr.String()
	}
	return s + " to " + r.to.Addr().String()
}

// difference lists the lines that only one of the texts has.
func difference(kea, ours string) string {
	var b strings.Builder
	a, c := slices.Collect(strings.Lines(kea)), slices.Collect(strings.Lines(ours))
	for _, only := range []struct {
		who      string
		has, not []string
	}{{"kea-dhcp4", a, c}, {"failoverd", c, a}} {
		for _, line := range only.has {
			if !slices.Contains(only.not, line) {
				b.WriteString(only.who + ": " + line)
			}
		}
	}
	return b.String()
}

func (p *pair) remember(client net.HardwareAddr, kea, ours *reply) {
	if kea != nil {
		p.kea.last[client.String()] = kea
	}
	if ours != nil {
		p.ours.last[client.String()] = ours
	}
}

func describe(r *reply) string {
	if r == nil {
		return "silence\n"
	}
	return r.String()
}

// probe asks something that is always answered and changes nothing.
func (p *pair) probe(s *side) {
	p.t.Helper()
	s.ask(p.ctx, s.from(probeMAC, kind(dhcpv4.MessageTypeDiscover)))
}

// The parts that queries are made of.

func kind(k dhcpv4.MessageType) dhcpv4.Modifier { return dhcpv4.WithMessageType(k) }

func opt(code uint8, value ...byte) dhcpv4.Modifier {
	return dhcpv4.WithGeneric(dhcpv4.GenericOptionCode(code), value)
}

func text(code uint8, value string) dhcpv4.Modifier { return opt(code, []byte(value)...) }

func addrOpt(code uint8, addr string) dhcpv4.Modifier {
	return opt(code, netip.MustParseAddr(addr).AsSlice()...)
}

func u32(code uint8, n uint32) dhcpv4.Modifier {
	return opt(code, binary.BigEndian.AppendUint32(nil, n)...)
}

func prl(codes ...byte) dhcpv4.Modifier { return opt(55, codes...) }

func ciaddr(addr string) dhcpv4.Modifier {
	return func(m *dhcpv4.DHCPv4) { m.ClientIPAddr = netip.MustParseAddr(addr).AsSlice() }
}

// discover is a client's DISCOVER.
func discover(hw net.HardwareAddr, mods ...dhcpv4.Modifier) func(*side) query {
	return func(s *side) query {
		return s.from(hw, append([]dhcpv4.Modifier{kind(dhcpv4.MessageTypeDiscover)}, mods...)...)
	}
}

// selecting is a client's REQUEST of what it was offered last.
func selecting(hw net.HardwareAddr, mods ...dhcpv4.Modifier) func(*side) query {
	return func(s *side) query {
		all := []dhcpv4.Modifier{kind(dhcpv4.MessageTypeRequest)}
		if offer := s.last[hw.String()]; offer != nil {
			all = append(all, opt(50, offer.yiaddr.AsSlice()...), opt(54, offer.options[54]...))
		}
		return s.from(hw, append(all, mods...)...)
	}
}

// rebooting is a client's REQUEST in INIT-REBOOT.
func rebooting(hw net.HardwareAddr, addr string, mods ...dhcpv4.Modifier) func(*side) query {
	return func(s *side) query {
		return s.from(hw, append([]dhcpv4.Modifier{kind(dhcpv4.MessageTypeRequest), addrOpt(50, addr)}, mods...)...)
	}
}

// unicast is a message of a client that has an address.
func unicast(hw net.HardwareAddr, k dhcpv4.MessageType, addr string, mods ...dhcpv4.Modifier) func(*side) query {
	return func(s *side) query {
		q := s.from(hw, append([]dhcpv4.Modifier{kind(k), ciaddr(addr)}, mods...)...)
		q.from, q.to = netip.MustParseAddr(addr), serverAddr
		return q
	}
}

// rebinding is the REQUEST of a client that has an address, by broadcast.
func rebinding(hw net.HardwareAddr, addr string, mods ...dhcpv4.Modifier) func(*side) query {
	return func(s *side) query {
		q := s.from(hw, append([]dhcpv4.Modifier{kind(dhcpv4.MessageTypeRequest), ciaddr(addr)}, mods...)...)
		q.from = netip.MustParseAddr(addr)
		return q
	}
}

// relayed makes the query one that a relay agent passes on. agent is the
// content of its option 82; empty: it adds none.
func relayed(build func(*side) query, giaddr, agent string) func(*side) query {
	return func(s *side) query {
		q := build(s)
		q.message[3]++
		copy(q.message[24:], netip.MustParseAddr(giaddr).AsSlice())
		if agent != "" {
			end := strings.LastIndexByte(string(q.message), 255)
			m := append(append([]byte(nil), q.message[:end]...), 82, byte(len(agent)))
			q.message = append(append(m, agent...), 255)
		}
		q.hw, q.from, q.to, q.port = s.hw, netip.MustParseAddr(giaddr), serverAddr, 67
		return q
	}
}

// both runs a command at both servers.
func (p *pair) both(command string, args any) (kea, ours json.RawMessage) {
	p.t.Helper()
	results := [2]json.RawMessage{}
	for i, s := range []*side{p.kea, p.ours} {
		r, err := call(p.ctx, s.socket, command, args)
		require.NoError(p.t, err)
		results[i] = r.Arguments
	}
	return results[0], results[1]
}
