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

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/engine/enginetest"
	"github.com/dhcpha/dhcpha/lease"
)

// fuzzConfig has few addresses and prefixes, so that clients get in each
// other's way, and times that a history passes.
const fuzzConfig = `"valid-lifetime": 1000, "preferred-lifetime": 600, "max-valid-lifetime": 4000, "min-valid-lifetime": 100, "cache-threshold": 0.25,
	"decline-probation-period": 2000,
	"expired-leases-processing": {"reclaim-timer-wait-time": 100, "flush-reclaimed-timer-wait-time": 250, "hold-reclaimed-time": 500},
	"client-classes": [{"name": "p", "test": "option[39].exists or relay6[0].option[18].exists", "valid-lifetime": 77}],
	"subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0", "pools": [{"pool": "2001:db8:1::10-2001:db8:1::13"}],
		"pd-pools": [{"prefix": "2001:db8:f00::", "prefix-len": 54, "delegated-len": 56}],
		"rapid-commit": true, "store-extended-info": true, "ddns-qualifying-suffix": "example.org", "reservations": [
			{"duid": "00:03:00:01:02:00:00:00:00:02", "ip-addresses": ["` + addr12 + `", "2001:db8:1::99"], "prefixes": ["2001:db8:e00::/48"], "hostname": "two"},
			{"duid": "00:03:00:01:02:00:00:00:00:05", "prefixes": ["2001:db8:e00:5::/64"]}]}]`

// wellKnown is what clients ask for, and what commands are about.
var wellKnown = [...]string{addr10, addr11, addr12, "2001:db8:1::13", "2001:db8:1::99", "2001:db8:9::1", prefix0, prefix1, "2001:db8:f00:200::/56", "2001:db8:f00:300::/56"}

// fuzzWorld is where the histories of FuzzEngine happen.
func fuzzWorld(f *testing.F) enginetest.World {
	w := enginetest.World{
		Family: ctrl.V6, Dir: enginetest.MemoryDir(f),
		Subnets: []ctrl.Subnet{{ID: 1, Prefix: netip.MustParsePrefix("2001:db8:1::/64")}},
		Reclaim: lease.ReclaimParams{ReclaimTimerWaitTime: 100 * time.Second, FlushReclaimedTimerWaitTime: 250 * time.Second, HoldReclaimedTime: 500 * time.Second},
	}
	for _, text := range wellKnown {
		p, l := wished(text).prefix, lease.Lease{Type: lease.NA, SubnetID: 1}
		if l.Addr = p.Addr(); p.Bits() < 128 {
			l.Type, l.PrefixLen = lease.PD, uint8(p.Bits())
		}
		w.Subjects = append(w.Subjects, l)
	}
	for n := range byte(8) {
		w.Clients = append(w.Clients, enginetest.Client{Client: lease.Client{ID: duid(n)}, IAID: uint32(n%4 + 1)})
	}
	return w
}

// Steps of histories as their bytes.
func sends(who, what, where, how byte) []byte { return []byte{0, who, what, where, how} }
func passes(pause byte) []byte                { return []byte{enginetest.StepSleep, pause} }
func commands(which, about, how byte) []byte {
	return []byte{enginetest.StepCommand, which, about, how}
}

// own is what a client has already, or was offered.
const own = 100

// FuzzEngine plays histories with an engine: packets of several clients, as they
// are or of some details, lease commands, pauses, restarts and crashes. It knows
// what each client has to be answered, and what nobody may be.
func FuzzEngine(f *testing.F) {
	sent := func(q *Query) []byte {
		var m dhcpv6.DHCPv6 = q.Message
		for _, relay := range slices.Backward(q.Relays) {
			relay.Options.Options = append(relay.Options.Options, dhcpv6.OptRelayMessage(m))
			m = relay
		}
		wire := m.ToBytes()
		return append(binary.BigEndian.AppendUint16([]byte{0, asItIs}, uint16(len(wire))), wire...)
	}
	history := func(steps ...[]byte) { f.Add(slices.Concat(steps...)) }
	address := func(addr string) mod { return with(prefixOption(lease.NA, wished(addr).prefix, 100, 200)) }
	restart, crash := []byte{enginetest.StepRestart, 0}, []byte{enginetest.StepRestart, 1}

	history(sent(queryOf(solicit, 1, na(1), pd(1))), sent(queryOf(request, 1, na(1, addr10), pd(1, prefix0), fqdn(1, "\x02me"))), sent(queryOf(release, 1, na(1, addr10))))
	history(sent(queryOf(request, 1, na(1, addr10))), sent(queryOf(request, 2, na(1, addr10), na(2, addr10), na(3), na(4), na(5))), sent(queryOf(renew, 1, na(1, addr10, addr11))))
	history(sent(queryOf(solicit, 2, na(1), opt(dhcpv6.OptionRapidCommit), oro(7, 23, 67, 148), fqdn(0, ""))), sent(queryOf(decline, 2, na(1, addr12))), sent(queryOf(rebind, 2, na(1, addr12), pd(2, "::/60"))))
	history(sent(queryOf(confirm, 3, na(1, addr10))), sent(queryOf(information, 4, without(dhcpv6.OptionClientID))), sent(queryOf(register, 5, address("2001:db8:1::77"), relayed(agent("2001:db8:1::1", "2001:db8:1::77")))))
	history(sent(queryOf(request, 3, pd(1, "2001:db8:f00::/48"), relayed(agent("::", "fe80::2"), agent("2001:db8:1::1", "fe80::99", dhcpv6.OptInterfaceID([]byte("x")))))),
		sent(queryOf(request, 4, pd(1, prefix0), pd(2, prefix1), pd(3), pd(4), pd(5))))
	history(sent(queryOf(request, 1, pd(1, prefix0))), sent(queryOf(register, 1, address("2001:db8:f00::5"), from("2001:db8:f00::5"))), sent(queryOf(release, 1, pd(1, prefix0))), sent(queryOf(request, 3, pd(1, prefix0))),
		sent(queryOf(request, 2, pd(1))), sent(queryOf(request, 5, pd(1))))
	// The whole life of leases.
	history(sends(1, 0, 0, 0), sends(1, 1, own, 0), passes(9), sends(1, 2, own, 0), crash, sends(1, 3, own, 0), passes(9), sends(1, 4, own, 0), restart, sends(0x21, 0, 0, 0),
		sends(0x21, 1, own, 0), passes(12), passes(9), passes(12), passes(13))
	history(sends(0x11, 1, 6, 0), sends(0x13, 1, 6, 0), sends(0x11, 2, own, 0), passes(9), sends(0x13, 3, 7, 0), sends(0x11, 4, own, 0), sends(0x14, 0, 6, rapid), crash, passes(15))
	// More clients than addresses.
	history(sends(1, 1, 0, 0), sends(3, 1, 0, 0), sends(4, 0, 0, 0), sends(5, 0, 0, 0), sends(2, 1, 0, 0), sends(6, 1, 0, 0), sends(2, 2, own, 0), sends(4, 1, own, 0), sends(5, 1, own, 0),
		passes(9), passes(11), sends(6, 1, 0, 0), sends(0x12, 1, 9, 0), sends(0x15, 1, 9, 0))
	// What is declined comes back, what a command has given is a client's.
	history(sends(1, 0, 0, rapid), sends(1, 5, own, 0), passes(11), sends(1, 0, 0, rapid), passes(14), sends(3, 1, 0, 0), commands(0, 0x31, 1), sends(3, 2, 1, 0), commands(4, 0, 0), sends(3, 2, own, 0),
		commands(3, 0x02, 0x10), sends(2, 0, 0, 0), sends(2, 1, own, 0), commands(13, 0x16, 1), commands(7, 0, 0), commands(6, 2, 0), commands(9, 1, 0), commands(9, 0, 0))
	// Two want the same.
	history(sends(1, 0, 0, rapid), sends(3, 1, 0, 0), sends(3, 0, 0, 0), sends(4, 2, 0, 0), sends(5, 3, 0, 0), sends(6, 4, 0, 0), sends(6, 5, 0, 0), sends(0x11, 1, 6, 0), sends(0x13, 1, 6, 0), sends(0x13, 3, 6, 0))
	// The service is off for a while.
	history(commands(12, 2, 0), sends(1, 0, 0, 0), passes(3), sends(1, 0, 0, 0), commands(12, 1, 0), sends(1, 1, own, 0), commands(12, 0, 0), sends(1, 1, own, 0), sends(1, 6, own, 0), sends(1, 7, 0, 0), commands(10, 0x10, 0))

	w := fuzzWorld(f)
	cfg := config(f, fuzzConfig)
	f.Fuzz(func(t *testing.T, input []byte) {
		m := &clients{cfg: cfg}
		w.Start, w.Packet = m.start, m.packet
		w.Play(t, input)
	})
}

// clients are those that send packets in a history, and what they must be
// answered.
type clients struct {
	*enginetest.History
	*bench
	cfg    *Config
	offers map[string]netip.Prefix // what was offered last, by the holder
}

func (m *clients) start(h *enginetest.History) *enginetest.Server {
	e, err := NewEngine(m.cfg, h.Store, nil)
	require.NoError(h.T, err)
	m.History, m.bench, m.offers = h, &bench{h.T, e, h.Store}, map[string]netip.Prefix{}
	mux := ctrl.NewMux()
	e.Register(mux, nil)
	e.RegisterLeases(mux)
	return &enginetest.Server{Mux: mux, Stat: m.bench.stat, Run: e.Run, Close: e.Close}
}

// asItIs is said of a packet that stands in the input whole, behind its length.
const asItIs = 0x80

// Details of other packets.
const (
	rapid     = 1 << iota
	wanting   // it asks for lifetimes of its own
	toOther   // it is another server's
	unwishing // it does not say what it would like
	byRelay
)

// packet lets a client send a packet, and judges what comes of it.
func (m *clients) packet(h *enginetest.History) {
	var packet []byte
	if who := h.Byte(); who&asItIs != 0 {
		packet = h.Bytes(int(binary.BigEndian.Uint16(append(h.Bytes(2), 0, 0))))
	} else {
		packet = m.built(who, h.Byte(), h.Byte(), h.Byte())
	}
	if _, _, refused := accept(packet, false); refused != 0 {
		return
	}
	assigned := m.assigned()
	in, reply := m.serve(packet)
	if in.message == nil {
		return
	}
	var answer *dhcpv6.Message
	if reply != nil {
		answer = decodeMessage(reply, replyOption)
		wire, err := appendMessage(nil, answer)
		require.NoError(h.T, err)
		require.Equal(h.T, []byte(reply), wire, "a handler around the engine sends the same")
	}
	client, _ := in.message.option(dhcpv6.OptionClientID)
	h.Note("%v of %x: %s", in.message.typ(), client, short(answer))
	given := m.judge(in, client, answer)
	if n := m.assigned() - assigned; n != given {
		h.Failf("%d more are said to have been assigned, which should be %d", n, given)
	}
}

func (m *clients) assigned() int64 {
	return m.bench.stat("cumulative-assigned-nas") + m.bench.stat("cumulative-assigned-pds")
}

// built makes a packet of details.
func (m *clients) built(who, what, where, how byte) []byte {
	n, id := who&7, uint32(who>>3&1)+1
	typ := []dhcpv6.MessageType{solicit, request, renew, rebind, release, decline, confirm, information, register}[int(what)%9]
	wish := func(typ lease.Type, id uint32) []string {
		text := wellKnown[int(where)%len(wellKnown)]
		if int(where) >= len(wellKnown) {
			text = m.itsOwn(typ, id, duid(n))
		}
		if how&unwishing != 0 || text == "" || (typ == lease.PD) != (wished(text).prefix.Bits() < 128) {
			return nil
		}
		if how&wanting != 0 {
			text += " 300 2000"
		}
		return []string{text}
	}
	var mods []mod
	switch who >> 4 & 3 {
	case 0:
		mods = append(mods, na(id, wish(lease.NA, id)...))
	case 1:
		mods = append(mods, pd(id, wish(lease.PD, id)...))
	case 2:
		mods = append(mods, na(id, wish(lease.NA, id)...), pd(id, wish(lease.PD, id)...))
	default:
		mods = append(mods, na(1, wish(lease.NA, 1)...), na(2, wish(lease.NA, 2)...))
	}
	if typ == register {
		addr := wellKnown[int(where)%6]
		mods = []mod{with(prefixOption(lease.NA, wished(addr).prefix, 100, 200)), relayed(agent("2001:db8:1::1", addr))}
	}
	if how&rapid != 0 {
		mods = append(mods, opt(dhcpv6.OptionRapidCommit))
	}
	if how&toOther != 0 && typ != register {
		mods = append(mods, toServer("00020000f3f002"))
	}
	if how&byRelay != 0 && typ != register {
		mods = append(mods, relayed(agent("2001:db8:1::1", "fe80::99")))
	}
	q := queryOf(typ, n, mods...)
	if len(q.Relays) > 0 {
		return through(q.Message, q.Relays...).ToBytes()
	}
	return q.Message.ToBytes()
}

// itsOwn returns what an identity association has, or else was offered last.
func (m *clients) itsOwn(typ lease.Type, id uint32, duid []byte) string {
	for _, text := range wellKnown {
		l, ok := m.Leases[lease.Key{Type: typ, Addr: wished(text).prefix.Addr()}]
		if ok && l.IAID == id && string(l.ClientID) == string(duid) {
			return text
		}
	}
	if p, ok := m.offers[holderOf(typ, id, duid)]; ok {
		return p.String()
	}
	return ""
}

// serve serves a datagram as a server does; nil: by silence.
func (b *bench) serve(datagram []byte) (in *packet, reply message) {
	b.t.Helper()
	in = new(packet)
	if in.read(datagram) != nil {
		in.message = nil
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
