package dhcp4

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/internal/engine/enginetest"
	"github.com/dhcpha/dhcpha/lease"
)

// fuzzConfig has few addresses, so that clients get in each other's way, and
// times that a history passes.
const fuzzConfig = `"valid-lifetime": 1000, "min-valid-lifetime": 100, "max-valid-lifetime": 4000, "cache-threshold": 0.25,
	"decline-probation-period": 2000,
	"expired-leases-processing": {"reclaim-timer-wait-time": 100, "flush-reclaimed-timer-wait-time": 250, "hold-reclaimed-time": 500},
	"client-classes": [{"name": "p", "test": "substring(option[60].hex, 0, 1) == 'p' or option[82].option[1].exists"}],
	"subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "pools": [{"pool": "192.0.2.10-192.0.2.13"}], "rapid-commit": true, "store-extended-info": true,
		"reservations": [{"hw-address": "02:00:00:00:00:02", "ip-address": "192.0.2.12"}, {"circuit-id": "'x'", "ip-address": "192.0.2.55"}]}]`

// wellKnown are the addresses that clients ask for, and that commands are about.
var wellKnown = [...]string{"192.0.2.10", "192.0.2.11", "192.0.2.12", "192.0.2.13", "192.0.2.55", "192.0.2.99", "203.0.113.9"}

// fuzzWorld is where the histories of FuzzEngine happen.
func fuzzWorld(f *testing.F) enginetest.World {
	w := enginetest.World{
		Family: ctrl.V4, Dir: enginetest.MemoryDir(f),
		Subnets: []ctrl.Subnet{{ID: 1, Prefix: netip.MustParsePrefix("192.0.2.0/24")}},
		Reclaim: lease.ReclaimParams{ReclaimTimerWaitTime: 100 * time.Second, FlushReclaimedTimerWaitTime: 250 * time.Second, HoldReclaimedTime: 500 * time.Second},
	}
	for _, addr := range wellKnown {
		w.Subjects = append(w.Subjects, lease.Lease{Type: lease.V4, Addr: netip.MustParseAddr(addr), SubnetID: 1})
	}
	for n := range byte(8) {
		who := lease.Client{HWAddr: []byte{2, 0, 0, 0, 0, n}}
		if n >= 4 {
			who.ID = []byte{1, 'x', n}
		}
		w.Clients = append(w.Clients, enginetest.Client{Client: who})
	}
	return w
}

// Steps of histories as their bytes.
func sends(who, what, where, how byte) []byte { return []byte{0, who, what, where, how} }
func passes(pause byte) []byte                { return []byte{enginetest.StepSleep, pause} }
func commands(which, about, how byte) []byte {
	return []byte{enginetest.StepCommand, which, about, how}
}

const (
	own     = 7 // an address of the client
	inPlain = 0 // details of a packet: none
)

// FuzzEngine plays histories with an engine: packets of several clients, as they
// are or of some details, lease commands, pauses, restarts and crashes. It knows
// what each client has to be answered, and what nobody may be.
func FuzzEngine(f *testing.F) {
	sent := func(q *Query) []byte {
		wire, _, err := encoded(q.Message, nil, maxMessage)
		require.NoError(f, err)
		b := []byte{0, asItIs, 0}
		if q.Unicast {
			b[2] = 1
		}
		return append(binary.BigEndian.AppendUint16(b, uint16(len(wire))), wire...)
	}
	history := func(steps ...[]byte) { f.Add(slices.Concat(steps...)) }
	toUs := toServer("192.0.2.1")
	restart, crash := []byte{enginetest.StepRestart, 0}, []byte{enginetest.StepRestart, 1}

	history(sent(queryOf(discover, 1)), sent(queryOf(request, 1, requested("192.0.2.10"), toUs, clientID("\x01x"), hostname("a"))))
	history(sent(queryOf(request, 1, requested("192.0.2.10"), toUs)), sent(queryOf(request, 2, ciaddr("192.0.2.10"), unicast)), sent(queryOf(release, 1, ciaddr("192.0.2.10"), toUs)))
	history(sent(queryOf(discover, 3, opt(optRapidCommit), prl(1, 3, 43, 125), opt(optVendorSpecific, 0, 0, 0x11, 0x8b, 3, 1, 1, 2))), sent(queryOf(decline, 3, requested("192.0.2.10"), toUs)))
	history(sent(queryOf(inform, 4, ciaddr("192.0.2.99"))), sent(queryOf(discover, 5, opt(optRelayInfo, 1, 1, 'x', 5, 4, 192, 0, 2, 0), relay("192.0.2.2"), opt(optClientFQDN, 5, 0, 0, 1, 'a', 0))))
	history(sent(queryOf(discover, 2, opt(optVendorClass, 'p'), clientID("\xff\x01\x02\x03\x04\x00\x03"))), sent(queryOf(request, 2, requested("192.0.2.12"), toUs, clientID("\xff\x01\x02\x03\x04\x00\x03"))))
	// The whole life of a lease.
	history(sends(1, 0, 0, inPlain), sends(1, 1, own, inPlain), sends(1, 0, 0, inPlain), passes(9), sends(1, 3, own, inPlain), crash, sends(1, 4, own, inPlain), passes(10), sends(1, 2, own, inPlain),
		sends(1, 5, own, inPlain), restart, sends(3, 0, 0, rapid), passes(12), passes(9), passes(12), passes(13))
	// More clients than addresses.
	history(sends(1, 0, 0, inPlain), sends(3, 0, 0, inPlain), sends(4, 0, 0, inPlain), sends(5, 0, 0, inPlain), sends(2, 0, 0, inPlain), sends(1, 1, own, inPlain), sends(3, 1, own, inPlain),
		sends(5, 1, own, inPlain), sends(4, 1, own, inPlain), sends(2, 1, own, inPlain), sends(6, 0, 0, inPlain), passes(9), passes(11), sends(6, 0, 0, inPlain), sends(6, 1, own, inPlain))
	// What is declined comes back, what a command has given is a client's.
	history(sends(1, 0, 0, rapid), sends(1, 6, own, inPlain), passes(11), sends(1, 0, 0, rapid), passes(14), sends(3, 1, 0, inPlain), commands(0, 0x31, 1), sends(3, 3, 1, inPlain),
		commands(4, 0, 0), sends(3, 3, own, inPlain), commands(3, 0x02, 0x10), sends(2, 0, 0, inPlain), sends(2, 1, own, inPlain), commands(7, 0, 0), commands(6, 2, 0), commands(9, 1, 0), commands(9, 0, 0))
	// Two want the same.
	history(sends(1, 0, 0, rapid), sends(3, 1, own, inPlain), sends(3, 1, 0, inPlain), sends(3, 0, 0, hinted), sends(4, 3, 0, inPlain), sends(5, 4, 0, inPlain), sends(6, 5, 0, inPlain), sends(6, 6, 0, inPlain))
	// The service is off for a while.
	history(commands(12, 2, 0), sends(1, 0, 0, inPlain), passes(3), sends(1, 0, 0, inPlain), commands(12, 1, 0), sends(1, 1, own, inPlain), commands(12, 0, 0), sends(1, 1, own, inPlain), commands(10, 0x10, 0))

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
	offers map[netip.Addr]offered
}

// offered is who an address was offered to.
type offered struct {
	who   string
	until time.Time
}

func (m *clients) start(h *enginetest.History) *enginetest.Server {
	e, err := NewEngine(m.cfg, h.Store, nil)
	require.NoError(h.T, err)
	m.History, m.bench, m.offers = h, &bench{h.T, e, h.Store}, map[netip.Addr]offered{}
	mux := ctrl.NewMux()
	e.Register(mux, nil)
	e.RegisterLeases(mux)
	return &enginetest.Server{Mux: mux, Stat: m.bench.stat, Run: e.Run, Close: e.Close, Changed: m.changed}
}

// asItIs is said of a packet that stands in the input whole, behind a byte of
// circumstances and its length.
const asItIs = 0x80

// Details of other packets.
const (
	rapid = 1 << iota
	short20
	long5000
	named
	toOther // it is another server's
	hinted
)

// packet lets a client send a packet, and judges what comes of it.
func (m *clients) packet(h *enginetest.History) {
	who := h.Byte()
	var circumstances byte
	var packet []byte
	if who&asItIs != 0 {
		circumstances = h.Byte()
		packet = h.Bytes(int(binary.BigEndian.Uint16(append(h.Bytes(2), 0, 0))))
	} else {
		circumstances, packet = m.built(who, h.Byte(), h.Byte(), h.Byte())
	}
	if _, refused := accept(packet); refused != 0 {
		return
	}
	in := incoming{received: time.Now(), iface: "eth0", local: serverAddr, source: netip.MustParseAddrPort("0.0.0.0:68"), unicast: circumstances&1 != 0, length: len(packet)}
	if in.decode(packet) != nil {
		return
	}
	assigned := m.bench.stat("cumulative-assigned-addresses")
	reply, answered := m.serve(&in)
	a := m.askOf(&in)
	h.Note("%v of %x %x for %v: %s", in.msgType(), a.id, a.hw, a.addr, saidIn(&reply, answered))
	m.judge(a, &in, &reply, answered)
	if n := m.bench.stat("cumulative-assigned-addresses") - assigned; n != a.assigned {
		h.Failf("%d more are said to have been assigned, which should be %d", n, a.assigned)
	}
}

// built makes a packet of details.
func (m *clients) built(who, what, where, how byte) (circumstances byte, packet []byte) {
	var mods []mod
	n := who & 7
	switch who >> 3 & 3 {
	case 1:
		mods = append(mods, clientID("\x01x"+string(rune(n))))
	case 2:
		mods = append(mods, clientID("\x01shared"))
	}
	addr := wellKnown[0]
	if int(where) < len(wellKnown) {
		addr = wellKnown[where]
	} else {
		q := queryOf(discover, n, mods...)
		a := asker{hw: q.Message.ClientHWAddr, id: q.Message.Options.Get(dhcpv4.OptionClientIdentifier)}
		if its := m.addressOf(&a); its.IsValid() {
			addr = its.String()
		}
	}
	us := toServer("192.0.2.1")
	if how&toOther != 0 {
		us = toServer("192.0.2.2")
	}
	typ := discover
	switch what % 8 {
	case 0:
		if how&hinted != 0 {
			mods = append(mods, requested(addr))
		}
	case 1:
		typ, mods = request, append(mods, requested(addr), us)
	case 2:
		typ, mods = request, append(mods, requested(addr))
	case 3:
		typ, mods = request, append(mods, ciaddr(addr), unicast)
	case 4:
		typ, mods = request, append(mods, ciaddr(addr))
	case 5:
		typ, mods = release, append(mods, ciaddr(addr), us, unicast)
	case 6:
		typ, mods = decline, append(mods, requested(addr), us)
	case 7:
		typ, mods = inform, append(mods, ciaddr(addr))
	}
	if how&rapid != 0 {
		mods = append(mods, opt(optRapidCommit))
	}
	if how&short20 != 0 {
		mods = append(mods, lifetimeWish(20))
	}
	if how&long5000 != 0 {
		mods = append(mods, lifetimeWish(5000))
	}
	if how&named != 0 {
		mods = append(mods, hostname("host"))
	}
	q := queryOf(typ, n, mods...)
	packet, _, err := encoded(q.Message, nil, maxMessage)
	require.NoError(m.History.T, err)
	if q.Unicast {
		circumstances = 1
	}
	return circumstances, packet
}

// addressOf returns an address that the client has, or else one that it was
// offered.
func (m *clients) addressOf(a *asker) (addr netip.Addr) {
	for _, text := range wellKnown {
		k := lease.Key{Type: lease.V4, Addr: netip.MustParseAddr(text)}
		if l, ok := m.Leases[k]; ok && a.has(&l) {
			return k.Addr
		}
		if o, ok := m.offers[k.Addr]; ok && o.who == a.key() && !addr.IsValid() {
			addr = k.Addr
		}
	}
	return addr
}

// saidIn is a reply in short.
func saidIn(reply *message, answered bool) string {
	if !answered {
		return "silence"
	}
	return reply.msgType().String() + " " + reply.yiaddr.String()
}

// serve serves a query as a server does, and looks whether a handler around the
// engine would be asked the same, and send the same.
func (b *bench) serve(in *incoming) (reply message, ok bool) {
	b.t.Helper()
	var around incoming
	around.take(in.query())
	require.Equal(b.t, in.query(), around.query())
	require.Equal(b.t, routeOf(in), routeOf(&around))
	x := b.e.begin(in)
	if x == nil {
		return message{}, false
	}
	defer x.done()
	m, err := x.end(b.t.Context())
	require.NoError(b.t, err)
	if m == nil {
		return message{}, false
	}
	route := routeOf(in)
	wire, omitted, err := appendMessage(nil, m, route.requested, maxLength(route.maximum, 1500))
	require.NoError(b.t, err, "a reply that cannot be sent")
	again, omittedToo, err := encoded(m.library(), route.requested, maxLength(route.maximum, 1500))
	require.NoError(b.t, err)
	require.Equal(b.t, wire, again)
	require.Equal(b.t, omitted, omittedToo)
	require.NoError(b.t, reply.decode(wire))
	return reply, true
}

// offerTime is how long an address that was offered is kept for its client.
const offerTime = engine.OfferHold
