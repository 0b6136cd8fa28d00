package dhcp6

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

// Whatever clients send in whatever order, nobody is acknowledged what is
// another's, and what is acknowledged is in the store.
func FuzzEngine(f *testing.F) {
	train := func(qs ...*Query) (b []byte) {
		for _, q := range qs {
			var m dhcpv6.DHCPv6 = q.Message
			for _, relay := range slices.Backward(q.Relays) {
				relay.Options.Options = append(relay.Options.Options, dhcpv6.OptRelayMessage(m))
				m = relay
			}
			wire := m.ToBytes()
			b = append(binary.BigEndian.AppendUint16(b, uint16(len(wire))), wire...)
		}
		return b
	}
	address := func(addr string) mod { return with(prefixOption(lease.NA, wished(addr).prefix, 100, 200)) }
	f.Add(train(queryOf(solicit, 1, na(1), pd(1)), queryOf(request, 1, na(1, addr10), pd(1, prefix0), fqdn(1, "\x02me")), queryOf(release, 1, na(1, addr10))))
	f.Add(train(queryOf(request, 1, na(1, addr10)), queryOf(request, 2, na(1, addr10), na(2, addr10), na(3), na(4), na(5)), queryOf(renew, 1, na(1, addr10, addr11))))
	f.Add(train(queryOf(solicit, 2, na(1), opt(dhcpv6.OptionRapidCommit), oro(7, 23, 67, 148), fqdn(0, "")), queryOf(decline, 2, na(1, addr12)), queryOf(rebind, 2, na(1, addr12), pd(2, "::/60"))))
	f.Add(train(queryOf(confirm, 3, na(1, addr10)), queryOf(information, 4, without(dhcpv6.OptionClientID)), queryOf(register, 5, address("2001:db8:1::77"), relayed(agent("2001:db8:1::1", "2001:db8:1::77")))))
	f.Add(train(queryOf(request, 3, pd(1, "2001:db8:f00::/48"), relayed(agent("::", "fe80::2"), agent("2001:db8:1::1", "fe80::99", dhcpv6.OptInterfaceID([]byte("x"))))),
		queryOf(request, 4, pd(1, prefix0), pd(2, prefix1), pd(3), pd(4), pd(5))))
	f.Add(train(queryOf(request, 1, pd(1, prefix0)), queryOf(register, 1, address("2001:db8:f00::5"), from("2001:db8:f00::5")), queryOf(release, 1, pd(1, prefix0)), queryOf(request, 3, pd(1, prefix0)), queryOf(request, 2, pd(1)), queryOf(request, 5, pd(1))))
	b := newBench(f, oneSubnet(`, "rapid-commit": true, "store-extended-info": true, "cache-threshold": 0.5, "ddns-qualifying-suffix": "example.org", "reservations": [
		{"duid": "00:03:00:01:02:00:00:00:00:02", "ip-addresses": ["`+addr12+`", "2001:db8:1::99"], "prefixes": ["2001:db8:e00::/48"], "hostname": "two"},
		{"duid": "00:03:00:01:02:00:00:00:00:05", "prefixes": ["2001:db8:e00:5::/64"]}]`,
		`, "client-classes": [{"name": "p", "test": "option[39].exists or relay6[0].option[18].exists", "valid-lifetime": 77}]`), nil)
	f.Fuzz(func(t *testing.T, packets []byte) {
		b := &bench{t, b.e, b.store}
		for _, l := range b.all() { // so that a find can be repeated
			require.NoError(t, b.store.Commit(t.Context(), lease.Change{Lease: l, Delete: true}))
		}
		for len(packets) >= 3 {
			n := min(int(binary.BigEndian.Uint16(packets)), len(packets)-2)
			packet := packets[2 : 2+n]
			packets = packets[2+n:]
			if _, _, refused := accept(packet, false); refused != 0 {
				continue
			}
			before := b.all()
			in, reply := b.serve(packet)
			if reply == nil {
				continue
			}
			m := decodeMessage(reply, replyOption)
			wire, err := appendMessage(nil, m)
			require.NoError(t, err)
			require.Equal(t, []byte(reply), wire, "a handler around the engine sends the same")
			client, _ := in.message.option(dhcpv6.OptionClientID)
			b.checkReply(before, client, m)
		}
		b.checkLeases()
	})
}

// serve serves a datagram as a server does; nil: by silence.
func (b *bench) serve(datagram []byte) (in *packet, reply message) {
	b.t.Helper()
	in = new(packet)
	if in.read(datagram) != nil {
		return in, nil
	}
	q := queryOf(solicit, 0)
	q.Message, q.Length = nil, len(in.message)
	x := b.e.begin(q, in)
	if x == nil {
		return in, nil
	}
	reply, err := x.end(b.t.Context(), nil)
	require.NoError(b.t, err)
	if len(reply) == 0 {
		return in, nil
	}
	return in, reply
}

// The server's way to the engine and that of a handler around it are one.
func TestServerGoesTheWayOfHandlers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := oneSubnet(`, "rapid-commit": true, "store-extended-info": true, "ddns-qualifying-suffix": "example.org", "option-data": [
			{"name": "preference", "data": "9", "always-send": true}, {"name": "dns-servers", "data": "2001:db8::53"}, {"name": "domain-search", "data": "example.org"}]`)
		server, handler := newBench(t, cfg, nil), newBench(t, cfg, nil)
		relays := relayed(agent("2001:db8:1::1", "fe80::9", dhcpv6.OptInterfaceID([]byte("x"))), agent("::", "fe80::99", &dhcpv6.OptRemoteID{EnterpriseNumber: 9, RemoteID: []byte("r")}))
		for _, q := range []*Query{
			queryOf(solicit, 1, na(1), pd(1), oro(23, 24), fqdn(1, "\x02me")), queryOf(request, 1, na(1, addr10), pd(1, prefix0), fqdn(1, "\x02me")),
			queryOf(solicit, 2, na(1), opt(dhcpv6.OptionRapidCommit), relays), queryOf(request, 3, na(1), na(2), na(3), na(4)), queryOf(renew, 1, na(1, addr10, addr11)),
			queryOf(confirm, 1, na(1, addr10)), queryOf(information, 4, oro(23), without(dhcpv6.OptionClientID)), queryOf(release, 1, na(1, addr10), na(7)), queryOf(decline, 2, na(1, addr11)),
			queryOf(register, 5, with(prefixOption(lease.NA, wished("2001:db8:1::77").prefix, 100, 200)), relayed(agent("2001:db8:1::1", "2001:db8:1::77"))),
			queryOf(request, 6, na(1), toServer("00020000f3f002")),
		} {
			q.Length = len(q.Message.ToBytes())
			want, err := handler.e.ServeDHCP(t.Context(), q)
			require.NoError(t, err)
			m := dhcpv6.DHCPv6(q.Message)
			if len(q.Relays) > 0 {
				m = through(m, q.Relays...)
			}
			_, got := server.serve(m.ToBytes())
			if want == nil {
				require.Nil(t, got)
				continue
			}
			wire, err := appendMessage(nil, want.Message)
			require.NoError(t, err)
			require.Equal(t, wire, []byte(got))
			for i, l := range handler.all() {
				require.Equal(t, l, server.all()[i])
			}
		}
		require.NotEmpty(t, server.all())
	})
}

// checkReply checks what a client is advertised or given.
func (b *bench) checkReply(before []lease.Lease, client []byte, m *dhcpv6.Message) {
	b.t.Helper()
	seen := map[netip.Prefix]bool{}
	for _, a := range iasOf(client, m) {
		for _, w := range a.asked {
			require.LessOrEqual(b.t, w.preferred, w.valid)
			if w.valid == 0 {
				continue
			}
			require.False(b.t, seen[w.prefix], "%s is given twice", w.prefix)
			seen[w.prefix] = true
			for _, l := range before {
				if p := prefixOf(&l); p.Overlaps(w.prefix) && l.Type == a.typ && engine.InUse(&l, time.Now()) {
					require.Equal(b.t, client, l.ClientID, "%s is another client's", w.prefix)
					require.Equal(b.t, a.id, l.IAID)
				}
			}
			if m.MessageType == dhcpv6.MessageTypeReply {
				l, ok := b.store.Lookup(lease.Key{Type: a.typ, Addr: w.prefix.Addr()})
				require.True(b.t, ok, "acknowledged and not stored")
				require.Equal(b.t, client, l.ClientID)
				require.Equal(b.t, a.id, l.IAID)
				require.Equal(b.t, w.prefix, prefixOf(&l))
				require.False(b.t, l.Expires().Before(time.Now().Add(seconds(w.valid)-2*time.Second)), "it ends before the client thinks")
			}
		}
	}
}

// checkLeases checks that no two leases are of the same.
func (b *bench) checkLeases() {
	b.t.Helper()
	all := slices.DeleteFunc(b.all(), func(l lease.Lease) bool { return !engine.InUse(&l, time.Now()) })
	for i := range all {
		for j := range all[:i] {
			if all[i].Type != all[j].Type && (all[i].State == lease.Registered || all[j].State == lease.Registered) {
				continue // within a prefix that is delegated clients make addresses of their own
			}
			p, other := prefixOf(&all[i]), prefixOf(&all[j])
			require.False(b.t, p.Overlaps(other), "%s and %s are leased", p, other)
		}
	}
}
