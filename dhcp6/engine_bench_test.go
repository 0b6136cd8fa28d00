package dhcp6

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/dhcpha/dhcpha/lease"
)

// instant is a committer that changes nothing, so that a benchmark sees the
// engine alone.
type instant struct{}

func (instant) Commit(context.Context, ...lease.Change) error { return nil }

// traffic is what clients of a configuration ask for.
type traffic struct {
	subnets string // further ones, each with a comma behind it
	subnet  string // further members of the subnet
	global  string // and of the whole
	ias     []mod
	types   []dhcpv6.MessageType
	direct  bool   // without a relay agent
	clients uint32 // how many there are; 0: each exchange is another's
}

func (tr *traffic) config() string {
	return `"preferred-lifetime": 1800, "valid-lifetime": 3600, "subnet6": [` + tr.subnets + `{"id": 5000, "subnet": "2001:db8::/32",
		"interface": "eth0", "pools": [{"pool": "2001:db8::1:0:0/96"}],
		"pd-pools": [{"prefix": "2001:db8:8000::", "prefix-len": 33, "delegated-len": 60}],
		"option-data": [{"name": "dns-servers", "data": "2001:db8::2, 2001:db8::3"}, {"name": "domain-search", "data": "example.org"},
			{"name": "sntp-servers", "data": "2001:db8::4"}]` + tr.subnet + `}]` + tr.global
}

// queries returns the datagrams that a client sends. Its number is at the end of
// its DUID, and of each address in them.
func (tr *traffic) queries() (list [][]byte) {
	for i, typ := range tr.types {
		mods := []mod{without(dhcpv6.OptionClientID), opt(dhcpv6.OptionClientID, benchClient(0)...)}
		if i == 0 {
			mods = append(mods, tr.ias...) // then those of the reply
		}
		m := dhcpv6.DHCPv6(messageOf(typ, append(mods, oro(23, 24, 31), opt(dhcpv6.OptionElapsedTime, 0, 0))...))
		if !tr.direct {
			m = through(m, agent("2001:db8::ff", "fe80::99", dhcpv6.OptInterfaceID([]byte("port 7"))))
		}
		list = append(list, m.ToBytes())
	}
	return list
}

// benchClient is the DUID of the client with a number.
func benchClient(n uint32) []byte { return binary.BigEndian.AppendUint32([]byte{0, 3, 0, 1, 2, 0}, n) }

// benchAddress is an address with a number.
func benchAddress(n uint32) netip.Addr {
	return nthPrefix(netip.MustParseAddr("2001:db8::1:0:0"), 128, int(n))
}

// withIAs appends to a query what an Advertise says that its client can have.
func withIAs(query, advertise []byte) []byte {
	start, relayed := len(query), isRelayed(query)
	if relayed {
		for code, value := range options(advertise[relayHeader:]) {
			if code == dhcpv6.OptionRelayMsg {
				advertise = value
			}
		}
	}
	for code, value := range options(advertise[messageHeader:]) {
		if code == dhcpv6.OptionIANA || code == dhcpv6.OptionIAPD {
			query = append(appendHeader(query, code, len(value)), value...)
		}
	}
	if relayed { // the message is the last option of the Relay-forward
		at := bytes.Index(query, []byte("port 7")) + len("port 7") + 2
		binary.BigEndian.PutUint16(query[at:], binary.BigEndian.Uint16(query[at:])+uint16(len(query)-start))
	}
	return query
}

// BenchmarkExchange is all that is done, between the datagram of a query and that
// of its reply, for a Solicit and the Request that follows, or for a Renew, in
// memory: with a committer that does nothing.
func BenchmarkExchange(b *testing.B) {
	list := func(n int, text func(n int) string) string {
		var all []string
		for i := range n {
			all = append(all, text(i))
		}
		return strings.Join(all, ", ")
	}
	both := []dhcpv6.MessageType{solicit, request}
	for _, c := range []struct {
		name string
		traffic
	}{
		{"relayed", traffic{ias: []mod{na(1)}, types: both}},
		{"direct", traffic{ias: []mod{na(1)}, types: both, direct: true}},
		{"subnets", traffic{ias: []mod{na(1)}, types: both, subnets: list(1000, func(n int) string {
			return fmt.Sprintf(`{"id": %d, "subnet": "2001:db9:%x::/48", "pools": [{"pool": "2001:db9:%[2]x::/64"}]}`, 2+n, n)
		}) + ", "}},
		{"reserved", traffic{ias: []mod{na(1)}, types: both, clients: 1000, subnet: `, "reservations": [` + list(1000, func(n int) string {
			return fmt.Sprintf(`{"duid": "%x", "ip-addresses": ["2001:db8::2:0:%x"]}`, benchClient(uint32(n)), n)
		}) + "]"}},
		{"prefix", traffic{ias: []mod{na(1), pd(1)}, types: both}},
		{"many", traffic{ias: []mod{na(1), na(2), na(3), na(4)}, types: both}},
		{"classes", traffic{ias: []mod{na(1)}, types: both, global: `, "client-classes": [` + list(10, func(n int) string {
			return fmt.Sprintf(`{"name": "c%d", "test": "substring(option[1].hex, 9, 1) == 0x0%[1]d or option[39].exists or relay6[0].option[37].exists"}`, n)
		}) + "]"}},
		{"renew", traffic{ias: []mod{na(1, benchAddress(0).String())}, types: []dhcpv6.MessageType{renew}, clients: 1000}},
	} {
		b.Run(c.name, func(b *testing.B) {
			e := newBench(b, c.config(), &EngineOptions{Committer: instant{}})
			if c.types[0] == renew {
				for n := range c.clients {
					e.put(lease.Lease{
						Type: lease.NA, Addr: benchAddress(n), ClientID: benchClient(n), HWAddr: benchClient(n)[4:], HWType: 1, HWSource: uint32(fromDUID),
						IAID: 1, SubnetID: 5000, CLTT: time.Now().Unix(), ValidLft: 3600, PreferredLft: 1800,
					})
				}
			}
			client := newBenchClient(e.e, &c.traffic)
			b.ReportAllocs()
			for b.Loop() {
				client.exchange(b)
			}
		})
	}
}

// BenchmarkDurably is the same with a store on disk, and 64 clients at a time.
func BenchmarkDurably(b *testing.B) {
	tr := traffic{ias: []mod{na(1)}, types: []dhcpv6.MessageType{solicit, request}}
	e := newBench(b, tr.config(), nil)
	var clients atomic.Uint32
	b.SetParallelism(64)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		client := newBenchClient(e.e, &tr)
		for pb.Next() {
			client.number = clients.Add(1)
			client.exchange(b)
		}
	})
}

// clientOfBench asks an engine.
type clientOfBench struct {
	*datagrams
	queries [][]byte
	clients uint32
	number  uint32
	query   [1024]byte
}

func newBenchClient(e *Engine, tr *traffic) *clientOfBench {
	return &clientOfBench{datagrams: newDatagrams(e), queries: tr.queries(), clients: tr.clients}
}

// exchange is the exchange of the next client.
func (c *clientOfBench) exchange(b *testing.B) {
	if c.number++; c.clients > 0 {
		c.number %= c.clients
	}
	var reply []byte
	for _, query := range c.queries {
		packet := append(c.query[:0], query...)
		for _, begins := range [...][]byte{{0, 3, 0, 1, 2, 0}, {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 1}} {
			if i := bytes.Index(packet, begins); i >= 0 {
				binary.BigEndian.PutUint32(packet[i+len(begins):], c.number)
			}
		}
		if reply != nil {
			packet = withIAs(packet, reply)
		}
		if reply = c.ask(b, packet); len(reply) < 140 {
			b.Fatal(len(reply))
		}
	}
}
