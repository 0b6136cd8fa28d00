package dhcp4

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/serve"
	"github.com/dhcpha/dhcpha/lease"
)

// instant is a committer that changes nothing, so that a benchmark sees the
// engine alone.
type instant struct{}

func (instant) Commit(context.Context, ...lease.Change) error { return nil }

// wire is a server without sockets: it has datagrams answered.
type wire struct {
	p        protocol
	in, out  *serve.Datagram
	ep       serve.Endpoint
	received time.Time
}

func newWire(h Handler) *wire {
	w := &wire{in: serve.NewDatagram(maxMessage), out: serve.NewDatagram(maxMessage), received: time.Now()}
	w.p = protocol{server: &Server{Handler: h}, log: slog.New(slog.DiscardHandler)}
	w.ep.Name, w.ep.MTU, w.ep.Local = "eth0", 1500, netip.MustParseAddr("10.0.0.1")
	return w
}

// ask has a datagram answered; the reply is good until the next.
func (w *wire) ask(b testing.TB, payload []byte, source netip.AddrPort, unicast bool) []byte {
	reply := w.try(b, payload, source, unicast)
	if reply == nil {
		b.Fatal("no answer")
	}
	return reply
}

// try is ask, but there need not be an answer; nil: there is none.
func (w *wire) try(b testing.TB, payload []byte, source netip.AddrPort, unicast bool) []byte {
	w.in.Payload = append(w.in.Room(), payload...)
	w.in.Remote, w.in.Local = source, w.ep.Local
	if _, why := w.p.Accept(w.in, &w.ep, unicast); why != 0 {
		b.Fatal(Refusal(why))
	}
	q, why := w.p.Decode(serve.Arrival{Endpoint: &w.ep, Unicast: unicast, Query: w.in, Received: w.received})
	if why != 0 {
		b.Fatal(Refusal(why))
	}
	if !q.Begin() {
		b.Fatal("dropped")
	}
	answered, err := q.Ask(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	if !answered {
		q.Done()
		return nil
	}
	if _, err := q.Encode(w.out); err != nil {
		b.Fatal(err)
	}
	q.Done()
	return w.out.Payload
}

// packet is a query in wire form, of which benchmarks change what differs
// between clients: they do not count making it.
type packet struct {
	bytes              []byte
	id, requested, sid int // where the values of options stand; 0: nowhere
}

func packetOf(t testing.TB, q *Query) *packet {
	b := q.Message.ToBytes()
	p := &packet{bytes: b}
	for code, value := range options(b[offsetOptions:]) {
		at := len(b) - len(b[offsetOptions:])
		at += bytes.Index(b[offsetOptions:], append([]byte{code, byte(len(value))}, value...)) + 2
		switch code {
		case optClientID:
			p.id = at
		case uint8(dhcpv4.OptionRequestedIPAddress):
			p.requested = at
		case optServerID:
			p.sid = at
		}
	}
	return p
}

// of makes it a query of the client with this number.
func (p *packet) of(client uint32) {
	binary.BigEndian.PutUint32(p.bytes[offsetXID:], client)
	binary.BigEndian.PutUint32(p.bytes[offsetCHAddr+2:], client)
	if p.id != 0 {
		binary.BigEndian.PutUint32(p.bytes[p.id+3:], client)
	}
}

// BenchmarkExchange is a DISCOVER and the REQUEST that follows, from the bytes
// of each query to those of its reply, without sockets and disk.
func BenchmarkExchange(b *testing.B) {
	id := clientID("\x01\x02\x00\x00\x00\x00\x00")
	usual := []mod{prl(1, 3, 6, 15, 51, 54, 58, 59), func(q *Query) { q.Message.ClientHWAddr = net.HardwareAddr{2, 0, 0, 0, 0, 0} }}
	direct := netip.MustParseAddrPort("0.0.0.0:68")
	agent := netip.MustParseAddrPort("10.0.0.9:67")
	relayed := []mod{relay("10.0.0.9"), opt(optRelayInfo, 1, 4, 'e', 't', 'h', '0')}
	const data = `"option-data": [{"name": "routers", "data": "10.0.0.1"}, {"name": "domain-name-servers", "data": "10.0.0.2, 10.0.0.3"}, {"name": "domain-name", "data": "example.org"}]`
	subnet := func(more string) string {
		return `"subnet4": [{"id": 1, "subnet": "10.0.0.0/8", "pools": [{"pool": "10.1.0.0-10.200.255.255"}], ` + data + more + `}]`
	}
	many := func(n int, each func(i int) string) string {
		var list []string
		for i := range n {
			list = append(list, each(i))
		}
		return strings.Join(list, ",")
	}
	classes := `, "client-classes": [` + many(5, func(i int) string {
		return fmt.Sprintf(`{"name": "vendor-%d", "test": "substring(option[60].hex, 0, 6) == 'MSFT %d'", "option-data": [{"name": "ntp-servers", "data": "10.0.0.%d"}]}`, i, i, i+1)
	}) + `]`
	cases := []struct {
		name   string
		cfg    string
		gate   Gate
		source netip.AddrPort
		mods   []mod
		client func(n uint32) uint32
	}{
		{"usual", subnet(""), nil, direct, []mod{id}, nil},
		{"without client-id", subnet(""), nil, direct, nil, nil},
		{"relayed", subnet(""), nil, agent, append(relayed, id), nil},
		{"gate", subnet(""), gateFunc(func(lease.Client, time.Duration, func() string) ([]string, bool) { return []string{"HA_server1"}, true }), direct, []mod{id}, nil},
		{"hostname", subnet(""), nil, direct, []mod{id, hostname("host-17")}, nil},
		{"classes", subnet("") + classes, nil, direct, []mod{id, opt(optVendorClass, []byte("MSFT 4.0")...)}, nil},
		{"subnets", `"subnet4": [` + many(1000, func(i int) string {
			return fmt.Sprintf(`{"id": %d, "subnet": "172.%d.%d.0/24", "pools": [{"pool": "172.%d.%d.9-172.%d.%d.99"}]}`, i+2, 16+i/256, i%256, 16+i/256, i%256, 16+i/256, i%256)
		}) + `, {"id": 1, "subnet": "10.0.0.0/8", "pools": [{"pool": "10.1.0.0-10.200.255.255"}], ` + data + `}]`, nil, agent, append(relayed, id), nil},
		{"reservations", subnet(`, "reservations": [` + many(10000, func(i int) string {
			return fmt.Sprintf(`{"hw-address": "02:00:00:00:%02x:%02x", "ip-address": "10.220.%d.%d", "hostname": "host-%d"}`, i/256, i%256, i/256, i%256, i)
		}) + `]`), nil, direct, []mod{id}, func(n uint32) uint32 { return n % 10000 }},
	}
	for _, c := range cases {
		b.Run(c.name, func(b *testing.B) {
			e := newBench(b, c.cfg, &EngineOptions{Committer: instant{}, Gate: c.gate}).e
			w := newWire(e)
			mods := append(usual[:len(usual):len(usual)], c.mods...)
			discover := packetOf(b, queryOf(discover, 0, mods...))
			request := packetOf(b, queryOf(request, 0, append(mods, requested("10.0.0.0"), toServer("10.0.0.1"))...))
			clients := uint32(0)
			b.ReportAllocs()
			for b.Loop() {
				clients++
				n := clients
				if c.client != nil {
					n = c.client(n)
				}
				discover.of(n)
				offer := w.ask(b, discover.bytes, c.source, false)
				request.of(n)
				copy(request.bytes[request.requested:], offer[offsetYIAddr:offsetSIAddr])
				ack := w.ask(b, request.bytes, c.source, false)
				if ack[offsetOptions+2] != byte(dhcpv4.MessageTypeAck) {
					b.Fatal("not acknowledged")
				}
			}
		})
	}
}

// BenchmarkRenew is the renewal of a lease, one of 10,000.
func BenchmarkRenew(b *testing.B) {
	const leases = 10000
	bench := newBench(b, `"subnet4": [{"id": 1, "subnet": "10.0.0.0/8", "pools": [{"pool": "10.1.0.0-10.200.255.255"}]}]`, &EngineOptions{Committer: instant{}})
	changes := make([]lease.Change, leases)
	addr := func(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, 0x0a010000+n) }
	for n := range uint32(leases) {
		hw := binary.BigEndian.AppendUint32([]byte{2, 0}, n)
		changes[n].Lease = lease.Lease{
			Type: lease.V4, Addr: netip.AddrFrom4([4]byte(addr(n))), HWAddr: hw, ClientID: append([]byte{1}, hw...),
			SubnetID: 1, CLTT: time.Now().Unix(), ValidLft: 7200, Hostname: "host-17",
		}
	}
	require.NoError(b, bench.store.Commit(b.Context(), changes...))
	w := newWire(bench.e)
	p := packetOf(b, queryOf(request, 0, prl(1, 3, 6, 15, 51, 54, 58, 59), func(q *Query) { q.Message.ClientHWAddr = net.HardwareAddr{2, 0, 0, 0, 0, 0} },
		clientID("\x01\x02\x00\x00\x00\x00\x00"), hostname("host-17"), ciaddr("10.1.0.0")))
	n := uint32(0)
	b.ReportAllocs()
	for b.Loop() {
		n = (n + 7) % leases
		p.of(n)
		copy(p.bytes[offsetCIAddr:], addr(n))
		ack := w.ask(b, p.bytes, netip.AddrPortFrom(netip.AddrFrom4([4]byte(addr(n))), 68), true)
		if ack[offsetOptions+2] != byte(dhcpv4.MessageTypeAck) {
			b.Fatal("not acknowledged")
		}
	}
}

// BenchmarkLeft is a query that the gate leaves to another server: of two that
// share the clients of a link each receives them all.
func BenchmarkLeft(b *testing.B) {
	e := newBench(b, oneSubnet(), &EngineOptions{Gate: gateFunc(func(lease.Client, time.Duration, func() string) ([]string, bool) { return nil, false })}).e
	w := newWire(e)
	p := packetOf(b, queryOf(discover, 0, prl(1, 3, 6, 15, 51, 54, 58, 59), clientID("\x01\x02\x00\x00\x00\x00\x00"), hostname("host-17")))
	w.in.Payload, w.in.Remote = p.bytes, netip.MustParseAddrPort("0.0.0.0:68")
	b.ReportAllocs()
	for b.Loop() {
		if _, why := w.p.Accept(w.in, &w.ep, false); why != 0 {
			b.Fatal(Refusal(why))
		}
		q, why := w.p.Decode(serve.Arrival{Endpoint: &w.ep, Query: w.in, Received: w.received})
		if why != 0 || q.Begin() {
			b.Fatal("not left")
		}
		q.Done()
	}
}
