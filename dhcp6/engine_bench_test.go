package dhcp6

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// instant is a committer that changes nothing, so that a benchmark sees the
// engine alone.
type instant struct{}

func (instant) Commit(context.Context, ...lease.Change) error { return nil }

// BenchmarkEngine is a Solicit and the Request that follows, each of another
// client, as datagrams from a relay agent: memory is the engine without the
// disk, disk includes the durable commit, with 64 clients at a time.
func BenchmarkEngine(b *testing.B) {
	cfg := `"preferred-lifetime": 1800, "valid-lifetime": 3600, "subnet6": [{"id": 1, "subnet": "2001:db8::/32",
		"relay": {"ip-addresses": ["2001:db8:9::1"]}, "pools": [{"pool": "2001:db8::1:0:0/96"}],
		"pd-pools": [{"prefix": "2001:db8:8000::", "prefix-len": 33, "delegated-len": 60}],
		"option-data": [{"name": "dns-servers", "data": "2001:db8::2, 2001:db8::3"}, {"name": "domain-search", "data": "example.org"}]}]`
	var clients atomic.Uint32
	answers := []dhcpv6.MessageType{dhcpv6.MessageTypeAdvertise, dhcpv6.MessageTypeReply}
	query := func(typ dhcpv6.MessageType, mods ...mod) []byte {
		q := queryOf(typ, 1, append(mods, oro(23, 24))...)
		r, err := dhcpv6.EncapsulateRelay(q.Message, dhcpv6.MessageTypeRelayForward, net.ParseIP("2001:db8:9::1"), net.ParseIP("fe80::1"))
		require.NoError(b, err)
		return r.ToBytes()
	}
	for name, ias := range map[string][]mod{"address": {na(1)}, "both": {na(1), pd(1)}} {
		first, second := query(solicit, ias...), query(request, ias...)
		exchange := func(b *testing.B, e *Engine) {
			// The client's number is in its DUID, which is the first option.
			n := clients.Add(1)
			for i, query := range [][]byte{first, second} {
				packet := append([]byte(nil), query...)
				binary.BigEndian.PutUint32(packet[relayHeader+optionHeader+messageHeader+optionHeader+6:], n)
				m, relays, length, err := decode(packet)
				if err != nil {
					b.Fatal(err)
				}
				q := &Query{Message: m, Relays: relays, Length: length, Source: netip.MustParseAddrPort("[2001:db8:9::1]:547"), Interface: "eth0"}
				r, err := e.ServeDHCP(context.Background(), q)
				if err != nil {
					b.Fatal(err)
				}
				out, err := envelopeOf(packet).appendTo(make([]byte, 0, 512), r.Message)
				if err != nil || len(out) < 100 || r.Message.MessageType != answers[i] {
					b.Fatal(err, r.Message)
				}
			}
		}
		b.Run("memory/"+name, func(b *testing.B) {
			e := newBench(b, cfg, &EngineOptions{Committer: instant{}}).e
			b.ReportAllocs()
			for b.Loop() {
				exchange(b, e)
			}
		})
		b.Run("disk/"+name, func(b *testing.B) {
			e := newBench(b, cfg, nil).e
			b.SetParallelism(64)
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					exchange(b, e)
				}
			})
		})
	}
}
