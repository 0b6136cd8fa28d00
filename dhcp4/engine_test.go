package dhcp4

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"net"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// bench is an engine with a store on disk, and what asks it.
type bench struct {
	t     testing.TB
	e     *Engine
	store *lease.Store
}

// serverAddr is the address queries come in on.
var serverAddr = netip.MustParseAddr("192.0.2.1")

// config reads a configuration, without the braces.
func config(t testing.TB, text string) *Config {
	t.Helper()
	cfg, err := ParseConfig(bytes.NewReader([]byte(`{"Dhcp4": {`+text+`}}`)), nil)
	require.NoError(t, err)
	return cfg
}

// oneSubnet is a configuration with one subnet of few addresses. more is added
// to the subnet, and then to the whole.
func oneSubnet(more ...string) string {
	more = append(more, "", "")
	return `"subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "valid-lifetime": 3600,
		"pools": [{"pool": "192.0.2.10-192.0.2.13"}]` + more[0] + `}]` + more[1]
}

func newBench(t testing.TB, cfg string, opts *EngineOptions) *bench {
	t.Helper()
	store, err := lease.Open(filepath.Join(t.TempDir(), "leases.db"), nil)
	require.NoError(t, err)
	e, err := NewEngine(config(t, cfg), store, opts)
	require.NoError(t, err)
	t.Cleanup(func() {
		e.Close()
		require.NoError(t, store.Close())
	})
	return &bench{t, e, store}
}

// mod changes a query.
type mod func(*Query)

func opt(code uint8, value ...byte) mod {
	return func(q *Query) { q.Message.Options[code] = value }
}
func optAddr(code uint8, addr string) mod {
	return opt(code, netip.MustParseAddr(addr).AsSlice()...)
}
func clientID(id string) mod    { return opt(optClientID, []byte(id)...) }
func requested(addr string) mod { return optAddr(uint8(dhcpv4.OptionRequestedIPAddress), addr) }
func toServer(addr string) mod  { return optAddr(optServerID, addr) }
func prl(codes ...byte) mod     { return opt(optRequestList, codes...) }
func hostname(name string) mod  { return opt(optHostname, []byte(name)...) }
func ciaddr(addr string) mod {
	return func(q *Query) { q.Message.ClientIPAddr = net.ParseIP(addr).To4() }
}
func relay(addr string) mod {
	return func(q *Query) { q.Message.GatewayIPAddr = net.ParseIP(addr).To4() }
}
func unicast(q *Query)          { q.Unicast = true }
func lifetimeWish(s uint32) mod { return opt(optLeaseTime, binary.BigEndian.AppendUint32(nil, s)...) }
func onInterface(name string, addr string) mod {
	return func(q *Query) { q.Interface, q.Local = name, netip.MustParseAddr(addr) }
}

// queryOf makes a query of the client with this number.
func queryOf(typ dhcpv4.MessageType, client byte, mods ...mod) *Query {
	m := &dhcpv4.DHCPv4{
		OpCode: dhcpv4.OpcodeBootRequest, HWType: 1, TransactionID: dhcpv4.TransactionID{1, 2, 3, client},
		ClientHWAddr: net.HardwareAddr{2, 0, 0, 0, 0, client},
		ClientIPAddr: net.IPv4zero.To4(), GatewayIPAddr: net.IPv4zero.To4(), YourIPAddr: net.IPv4zero.To4(), ServerIPAddr: net.IPv4zero.To4(),
		Options: dhcpv4.Options{optMessageType: {byte(typ)}},
	}
	q := &Query{Message: m, Received: time.Now(), Interface: "eth0", Local: serverAddr, Source: netip.MustParseAddrPort("0.0.0.0:68")}
	for _, mod := range mods {
		mod(q)
	}
	return q
}

// incomingOf is a query as the engine sees it.
func incomingOf(q *Query) *incoming {
	in := new(incoming)
	in.take(q)
	return in
}

const (
	discover = dhcpv4.MessageTypeDiscover
	request  = dhcpv4.MessageTypeRequest
	decline  = dhcpv4.MessageTypeDecline
	release  = dhcpv4.MessageTypeRelease
	inform   = dhcpv4.MessageTypeInform
)

// ask sends a query and returns the reply, or nil for silence.
func (b *bench) ask(typ dhcpv4.MessageType, client byte, mods ...mod) *dhcpv4.DHCPv4 {
	b.t.Helper()
	reply, err := b.e.ServeDHCP(context.Background(), queryOf(typ, client, mods...))
	require.NoError(b.t, err)
	if reply == nil {
		return nil
	}
	return reply.Message
}

// short is what a reply says, in short: "ACK 192.0.2.10", "NAK" or "silence".
func short(m *dhcpv4.DHCPv4) string {
	if m == nil {
		return "silence"
	}
	s := m.MessageType().String()
	if addr := address(m.YourIPAddr); addr.IsValid() {
		s += " " + addr.String()
	}
	return s
}

// lease gives a client a lease in four messages and returns its address.
func (b *bench) lease(client byte, mods ...mod) string {
	b.t.Helper()
	offer := b.ask(discover, client, mods...)
	require.NotNil(b.t, offer, "client %d got no offer", client)
	addr := offer.YourIPAddr.String()
	ack := b.ask(request, client, append(mods, requested(addr), toServer(serverAddr.String()))...)
	require.Equal(b.t, "ACK "+addr, short(ack))
	return addr
}

func (b *bench) stored(addr string) *lease.Lease {
	l, ok := b.store.Lookup(lease.Key{Type: lease.V4, Addr: netip.MustParseAddr(addr)})
	if !ok {
		return nil
	}
	return &l
}

// put stores leases as if they were there before.
func (b *bench) put(leases ...lease.Lease) {
	b.t.Helper()
	for _, l := range leases {
		l.Type = lease.V4
		if l.SubnetID == 0 {
			l.SubnetID = 1
		}
		require.NoError(b.t, b.store.Commit(context.Background(), lease.Change{Lease: l}))
	}
}

// of is an unexpired lease of the client with this number.
func of(client byte, addr string) lease.Lease {
	return lease.Lease{Addr: netip.MustParseAddr(addr), HWAddr: []byte{2, 0, 0, 0, 0, client}, CLTT: time.Now().Unix(), ValidLft: 3600}
}

// ended is one that ended a while ago.
func ended(client byte, addr string) lease.Lease {
	l := of(client, addr)
	l.CLTT -= 7200
	return l
}

func (b *bench) stat(name string) int64 { return b.e.core.Stats.All.Stat(name).Value() }

func asJSON(t testing.TB, v any) string {
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return string(raw)
}
