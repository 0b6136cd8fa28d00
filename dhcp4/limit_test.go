package dhcp4

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

// limits are members of a configuration that limit clients.
func limits(list string) string {
	return `, "store-extended-info": true, "user-context": {"limits": {` + list + `}}`
}

// atPort is who asks by way of the usual relay agent from a port that it names.
func atPort(name string) mod { return atPortOf("192.0.2.254", name) }

func atPortOf(agent, name string) mod {
	return func(q *Query) {
		relay(agent)(q)
		opt(optRelayInfo, append([]byte{relayCircuitID, byte(len(name))}, name...)...)(q)
	}
}

func TestPortLimit(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	b := newBench(t, oneSubnet(limits(`"port-address-limit": 2`)), &EngineOptions{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	one, two := b.lease(1, atPort("a")), b.lease(2, atPort("a"))
	require.Equal(t, "silence", short(b.ask(discover, 3, atPort("a"))))
	require.Equal(t, "NAK", short(b.ask(request, 3, atPort("a"), requested("192.0.2.13"), toServer("192.0.2.1"))))
	require.EqualValues(t, 2, b.stat("v4-allocation-fail-port-limit"))
	require.EqualValues(t, 2, b.stat("subnet[1].v4-allocation-fail-port-limit"))
	require.EqualValues(t, 1, b.stat("pkt4-receive-drop"))
	require.Zero(t, b.stat("v4-allocation-fail"), "there would be addresses")
	require.Contains(t, log.String(), `msg="limit reached, no address for client" limit=port-limit client.hw-address=02:00:00:00:00:03 place.relay=192.0.2.254 place.circuit-id=61 subnet=1`)

	// Whoever has a lease keeps it, in every way that there is.
	require.Equal(t, "ACK "+one, short(b.ask(request, 1, ciaddr(one), unicast)))
	require.Equal(t, "ACK "+one, short(b.ask(request, 1, ciaddr(one), atPort("a"))))
	require.Equal(t, "ACK "+two, short(b.ask(request, 2, requested(two), atPort("a"))))
	require.Equal(t, two, b.lease(2, atPort("a")))

	// Other ports are others, of the same relay agent and of others.
	other := b.lease(4, atPort("b"))
	require.Equal(t, other, b.lease(4, atPort("a")), "who moves keeps its lease")
	require.Equal(t, "silence", short(b.ask(discover, 3, atPort("a"))))
	require.NotEqual(t, "silence", short(b.ask(discover, 5, atPortOf("192.0.2.253", "a"))))

	// What is given back is free for others.
	b.ask(release, 1, ciaddr(one), toServer("192.0.2.1"), unicast)
	b.ask(release, 4, ciaddr(other), toServer("192.0.2.1"), unicast)
	b.lease(3, atPort("a"))
	require.Equal(t, "silence", short(b.ask(discover, 1, atPort("a"))))
}

// A client that declines what it is given takes one address after another.
func TestDeclinedAddressesAreCounted(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(limits(`"port-address-limit": 2`)), nil)
	for client := range byte(2) {
		addr := b.lease(client, atPort("a"))
		b.ask(decline, client, requested(addr), toServer("192.0.2.1"), atPort("a"))
		require.Equal(t, lease.Declined, b.stored(addr).State)
	}
	require.Equal(t, "silence", short(b.ask(discover, 3, atPort("a"))))
	b.lease(4, atPort("b"))
}

func TestRelayLimit(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(limits(`"relay-address-limit": 2`)), nil)
	b.lease(1, atPort("a"))
	b.lease(2, relay("192.0.2.254")) // names no port
	require.Equal(t, "silence", short(b.ask(discover, 3, atPort("b"))))
	require.Equal(t, "silence", short(b.ask(discover, 3, relay("192.0.2.254"))))
	require.EqualValues(t, 2, b.stat("v4-allocation-fail-relay-limit"))
	b.lease(3, atPortOf("192.0.2.253", "b"))
}

// Who is not on a link of the server's and has nothing to renew cannot go around
// the relay agent.
func TestWhoAsksFromNowhere(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(limits(`"port-address-limit": 2`)), nil)
	source := func(q *Query) { q.Source = netip.MustParseAddrPort("192.0.2.77:68") }
	require.Equal(t, "silence", short(b.ask(request, 1, ciaddr("192.0.2.11"), unicast, source)))
	require.Equal(t, "silence", short(b.ask(discover, 1, unicast, source)))
	require.EqualValues(t, 2, b.stat("v4-allocation-fail-no-relay"))
	require.Equal(t, "ACK 192.0.2.11", short(b.ask(request, 1, ciaddr("192.0.2.11"), atPort("a"))), "it rebinds")
	require.Equal(t, "ACK 192.0.2.11", short(b.ask(request, 1, ciaddr("192.0.2.11"), unicast, source)), "it renews")
	for client := range byte(3) {
		b.lease(10 + client) // on a link of the server's
	}
}

// A rebinding client's address may be of another server: it is not told that it
// has lost it.
func TestRebindingBeyondTheLimit(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(limits(`"port-address-limit": 0`)), nil)
	require.Equal(t, "silence", short(b.ask(request, 1, ciaddr("192.0.2.11"), atPort("a"))))
	require.Nil(t, b.stored("192.0.2.11"))
}

func TestReservedBeyondTheLimit(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(limits(`"port-address-limit": 1`)+`, "reservations": [
		{"hw-address": "02:00:00:00:00:07", "ip-address": "192.0.2.12"}, {"hw-address": "02:00:00:00:00:08", "hostname": "eight"}]`), nil)
	b.lease(1, atPort("a"))
	require.Equal(t, "192.0.2.12", b.lease(7, atPort("a")))
	require.Equal(t, "silence", short(b.ask(discover, 8, atPort("a"))), "no address is reserved for it")
	b.ask(release, 1, ciaddr("192.0.2.10"), toServer("192.0.2.1"), unicast)
	require.Equal(t, "silence", short(b.ask(discover, 1, atPort("a"))), "what is reserved is counted")
}

// A client whose address it cannot keep is given another in its place.
func TestOneForAnotherAtTheLimit(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(limits(`"port-address-limit": 1`)), nil)
	require.Equal(t, "192.0.2.10", b.lease(1, atPort("a")))
	cfg := config(t, strings.Replace(oneSubnet(limits(`"port-address-limit": 1`)), "192.0.2.10-", "192.0.2.11-", 1))
	require.NoError(t, b.e.Reload(cfg))
	require.Equal(t, "silence", short(b.ask(discover, 2, atPort("a"))))
	require.Equal(t, "192.0.2.11", b.lease(1, atPort("a")))
	require.Nil(t, b.stored("192.0.2.10"))
	require.Equal(t, "silence", short(b.ask(discover, 2, atPort("a"))))
}

// What is offered counts for as long as it is held.
func TestOffersAreCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, oneSubnet(limits(`"port-address-limit": 2`)), nil)
		first := short(b.ask(discover, 1, atPort("a")))
		b.ask(discover, 2, atPort("a"))
		require.Equal(t, "silence", short(b.ask(discover, 3, atPort("a"))))
		require.Equal(t, first, short(b.ask(discover, 1, atPort("a"))), "it asks again")
		b.lease(2, atPort("a"))
		require.Equal(t, "silence", short(b.ask(discover, 3, atPort("a"))))
		b.ask(request, 1, requested("192.0.2.10"), toServer("192.0.2.9"), atPort("a")) // of another server
		require.NotEqual(t, "silence", short(b.ask(discover, 3, atPort("a"))))
		require.Equal(t, "silence", short(b.ask(discover, 1, atPort("a"))))
		time.Sleep(engine.OfferHold)
		require.NotEqual(t, "silence", short(b.ask(discover, 1, atPort("a"))), "the offer has ended")

		// Leases have ended when they end, although nobody cleans up here.
		time.Sleep(2 * time.Hour)
		b.lease(4, atPort("a"))
		b.lease(5, atPort("a"))
	})
}

// Refused clients take no address for even a moment, in which it would be kept
// from others.
func TestRefusedClientsTakeNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(limits(`"port-address-limit": 1`)), nil)
	b.lease(1, atPort("a"))
	offers := map[string]string{}
	for _, port := range []string{"b", "c", "d"} { // the whole pool
		offers[port] = b.ask(discover, port[0], atPort(port)).YourIPAddr.String()
	}
	for client := range byte(50) {
		require.Equal(t, "silence", short(b.ask(discover, 150+client, atPort("a"), requested(offers["b"]))))
	}
	for port, addr := range offers {
		holder, held := b.e.core.Alloc.Holder(netip.MustParseAddr(addr))
		require.True(t, held)
		require.Equal(t, byte(port[0]), holder[len(holder)-1])
	}
}

// The count is kept by leases: it is the same after a restart, and with leases
// that another server has given, in whatever form.
func TestLimitCountsLeases(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "leases.db")
	cfg := oneSubnet(limits(`"port-address-limit": 2`))
	for client := range byte(2) {
		store, err := lease.Open(path, nil)
		require.NoError(t, err)
		e, err := NewEngine(config(t, cfg), store, nil)
		require.NoError(t, err)
		b := &bench{t, e, store}
		b.lease(client, atPort("a"))
		require.Equal(t, client == 0, b.ask(discover, 9, atPort("a")) != nil)
		e.Close()
		require.NoError(t, store.Close())
	}

	b := newBench(t, cfg, nil)
	theirs := func(client byte, addr, context string) lease.Lease {
		l := of(client, addr)
		l.UserContext = []byte(context)
		return l
	}
	b.put(theirs(1, "192.0.2.10", `{"ISC": {"relay-agent-info": "0x010161"}, "relay-address": "192.0.2.254"}`))
	b.put(theirs(2, "192.0.2.11", `{"ISC": {"relay-agent-info": {"sub-options": "0x010161"}}, "relay-address": "192.0.2.254"}`))
	require.Equal(t, "silence", short(b.ask(discover, 3, atPort("a"))))
	// Without the address it is another relay agent's port, for all that is known.
	b.put(theirs(2, "192.0.2.11", `{"ISC": {"relay-agent-info": "0x010161"}}`))
	b.lease(3, atPort("a"))
	require.JSONEq(t, `{"ISC": {"relay-agent-info": "0x010161"}, "relay-address": "192.0.2.254"}`, string(b.stored("192.0.2.12").UserContext))
	// Once it is known it is counted.
	require.Equal(t, "ACK 192.0.2.11", short(b.ask(request, 2, ciaddr("192.0.2.11"), atPort("a"))))
	b.ask(release, 3, ciaddr("192.0.2.12"), toServer("192.0.2.1"), unicast)
	require.Equal(t, "silence", short(b.ask(discover, 3, atPort("a"))))
}

// What a query says and what its lease keeps is one place.
func TestPlaceIsKept(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(limits(`"port-address-limit": 9`)), nil)
	for client, mods := range [][]mod{
		{atPort("a")},
		{relay("192.0.2.254"), opt(optRelayInfo, 1, 1, 'a', 2, 2, 'b', 'c', 9, 1, 0)},
		{relay("192.0.2.254"), opt(optRelayInfo, 2, 1, 'r')},
		{relay("192.0.2.254")},
	} {
		x := b.e.newExchange(incomingOf(queryOf(discover, byte(client), mods...)))
		want := x.place()
		require.True(t, want.Known())
		require.Equal(t, want, placeOf(b.stored(b.lease(byte(client), mods...))))
		x.done()
	}
	for _, context := range []string{"", `{}`, `{"ISC": 1}`, `{"ISC": {"relay-agent-info": 1}}`, `{"ISC": {"relay-agent-info": "0x1"}}`,
		`{"ISC": {"relay-agent-info": {"sub-options": []}}}`, `{"relay-address": "x"}`, `{"ISC": {"relay-agent-info": "0x01FF"}}`} {
		p := placeOf(&lease.Lease{UserContext: []byte(context)})
		require.False(t, p.Known(), context)
	}
}

// A million clients behind one port of a relay agent ask for addresses, and go on
// to take some by force; those behind another one are all served.
func TestFloodFromOnePort(t *testing.T) {
	t.Parallel()
	identities := 1_000_000
	if testing.Short() {
		identities = 50_000
	}
	const innocent = 200
	var log bytes.Buffer
	b := newBench(t, `"subnet4": [{"id": 1, "subnet": "10.0.0.0/16", "pools": [{"pool": "10.0.1.0-10.0.1.255"}]`+
		limits(`"port-address-limit": 16`)+`}], "authoritative": true`, &EngineOptions{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	w := newWire(b.e)
	agent := netip.MustParseAddrPort("10.0.0.254:67")
	hostile := func(typ dhcpv4.MessageType, mods ...mod) *packet {
		return packetOf(t, queryOf(typ, 0, append([]mod{atPortOf("10.0.0.254", "hostile"), clientID("\x01hostile")}, mods...)...))
	}
	flood := []*packet{
		hostile(discover),
		hostile(request, requested("10.0.1.0"), toServer("10.0.0.1")),
		hostile(request, requested("10.0.1.0")), // of a client that remembers its address
	}
	served := 0
	for n := range identities {
		q := flood[n%len(flood)]
		binary.BigEndian.PutUint32(q.bytes[offsetCHAddr+2:], uint32(n))
		binary.BigEndian.PutUint32(q.bytes[q.id+1:], uint32(n))
		if q.requested > 0 {
			q.bytes[q.requested+3] = byte(n)
		}
		w.try(t, q.bytes, agent, true)
		if n%(identities/innocent) == 0 {
			client := func(typ dhcpv4.MessageType, mods ...mod) []byte {
				port, id := fmt.Sprint("port ", served/16), fmt.Sprint("\x00client ", served)
				return queryOf(typ, 0, append([]mod{atPortOf("10.0.0.254", port), clientID(id)}, mods...)...).Message.ToBytes()
			}
			offer := w.ask(t, client(discover), agent, true)
			addr := netip.AddrFrom4([4]byte(offer[offsetYIAddr:])).String()
			ack := w.ask(t, client(request, requested(addr), toServer("10.0.0.1")), agent, true)
			require.Contains(t, string(ack), string([]byte{optMessageType, 1, byte(dhcpv4.MessageTypeAck)}))
			served++
		}
	}
	require.Equal(t, innocent, served)
	have := b.store.Count(1, lease.Assigned, lease.V4)
	require.Greater(t, have, innocent, "the hostile port has its share, too")
	require.LessOrEqual(t, have, innocent+16)
	require.Greater(t, b.stat("v4-allocation-fail-port-limit"), int64(identities/3))
	require.Less(t, log.Len(), 1<<20, "the log is bounded")
}

// Where nothing is limited nothing is counted.
func TestNothingIsCountedWithoutLimits(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(`, "store-extended-info": true`), nil)
	require.Nil(t, b.e.plan.Load().held)
	addr := b.lease(1, atPort("a"))
	require.JSONEq(t, `{"ISC": {"relay-agent-info": "0x010161"}}`, string(b.stored(addr).UserContext))

	// It begins, and ends, when the configuration is read again.
	require.NoError(t, b.e.Reload(config(t, oneSubnet(limits(`"port-address-limit": 0`)))))
	require.Equal(t, "silence", short(b.ask(discover, 2, atPort("b"))))
	require.NoError(t, b.e.Reload(config(t, oneSubnet())))
	require.Nil(t, b.e.plan.Load().held)
	b.lease(2, atPort("b"))
}

// Limits are inherited one by one.
func TestLimitsAreInherited(t *testing.T) {
	t.Parallel()
	p, err := newPlan(config(t, `"store-extended-info": true, "user-context": {"limits": {"port-address-limit": 1, "relay-address-limit": 10}},
		"shared-networks": [{"name": "n", "user-context": {"limits": {"port-address-limit": 2}}, "subnet4": [
			{"id": 1, "subnet": "192.0.2.0/24"}, {"id": 2, "subnet": "192.0.3.0/24", "user-context": {"limits": {"relay-address-limit": 30}}}]}],
		"subnet4": [{"id": 3, "subnet": "192.0.4.0/24"}, {"id": 4, "subnet": "192.0.5.0/24", "user-context": {"limits": {"port-address-limit": 4}}}]`))
	require.NoError(t, err)
	text := func(s string) *engine.Limits {
		cfg := config(t, `"subnet4": [{"id": 1, "subnet": "192.0.2.0/24"`+limits(s)+`}]`)
		one, err := newPlan(cfg)
		require.NoError(t, err)
		return one.subnets[0].limits
	}
	require.Equal(t, text(`"port-address-limit": 2, "relay-address-limit": 10`), p.byID[1].limits)
	require.Equal(t, text(`"port-address-limit": 2, "relay-address-limit": 30`), p.byID[2].limits)
	require.Equal(t, text(`"port-address-limit": 1, "relay-address-limit": 10`), p.byID[3].limits)
	require.Equal(t, text(`"port-address-limit": 4, "relay-address-limit": 10`), p.byID[4].limits)
	require.Nil(t, func() *engine.Limits { p, _ := newPlan(config(t, oneSubnet())); return p.subnets[0].limits }())
}

// The digest that tells a pair of different configurations has the limits.
func TestLimitsAreAgreedOn(t *testing.T) {
	t.Parallel()
	digest := func(list string) string { return digestOf(config(t, oneSubnet(limits(list)))) }
	require.NotEqual(t, digest(`"port-address-limit": 1`), digest(`"port-address-limit": 2`))
	require.Equal(t, digest(`"port-address-limit": 1, "relay-address-limit": 2`), digest(`"relay-address-limit": 2, "port-address-limit": 1`))
}

// BenchmarkLimited is BenchmarkExchange's way of a new client, where nothing is
// limited and where it is.
func BenchmarkLimited(b *testing.B) {
	for _, c := range []struct{ name, more string }{
		{"without", `, "store-extended-info": true`},
		{"with", limits(`"port-address-limit": 1000000, "relay-address-limit": 4000000000`)},
		{"refused", limits(`"port-address-limit": 0`)},
	} {
		b.Run(c.name, func(b *testing.B) {
			e := newBench(b, `"subnet4": [{"id": 1, "subnet": "10.0.0.0/8", "pools": [{"pool": "10.1.0.0-10.200.255.255"}]`+c.more+`}]`,
				&EngineOptions{Committer: instant{}}).e
			w := newWire(e)
			agent := netip.MustParseAddrPort("10.0.0.254:67")
			q := queryOf(discover, 0, atPortOf("10.0.0.254", "port 7"), clientID("\x01client")).Message.ToBytes()
			id := bytes.Index(q, []byte("\x01client"))
			b.ReportAllocs()
			n := uint32(0)
			for b.Loop() {
				n++
				binary.BigEndian.PutUint32(q[id+1:], n)
				binary.BigEndian.PutUint32(q[offsetCHAddr:], n)
				w.try(b, q, agent, true)
			}
		})
	}
}

// BenchmarkPlaceOf is what it takes to count a lease.
func BenchmarkPlaceOf(b *testing.B) {
	l := &lease.Lease{UserContext: []byte(`{"ISC":{"relay-agent-info":"0x0106706F72742D37020572656D2D31"},"relay-address":"192.0.2.254"}`)}
	require.True(b, json.Valid(l.UserContext))
	b.ReportAllocs()
	for b.Loop() {
		if p := placeOf(l); !p.Known() {
			b.Fatal("no place")
		}
	}
}

// Whatever else is in a user context, the place that is put there is found.
func FuzzPlace(f *testing.F) {
	f.Add([]byte(nil), []byte("\x01\x01a\x02\x02bc"), uint32(0xc00002fe))
	f.Add([]byte(`{"ISC": {"relay-agent-info": "0x010161"}, "relay-address": "192.0.2.254"}`), []byte("\x01\x01b"), uint32(1))
	f.Add([]byte(`{"ISC": {"relay-agent-info": {"sub-options": "0x010161"}}, "x": [1]}`), []byte(nil), uint32(1))
	f.Add([]byte(`{"isc": {"Relay-Agent-Info": "0x010162"}, "Relay-Address": "192.0.2.253"}`), []byte("\x01\x01b"), uint32(1))
	f.Fuzz(func(t *testing.T, context, info []byte, addr uint32) {
		before := placeOf(&lease.Lease{UserContext: context})
		relay := netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, addr)))
		kept := withPlace(context, info, relay)
		require.True(t, json.Valid(kept))
		want := engine.Place{Relay: relay, Circuit: before.Circuit, Remote: before.Remote}
		if len(info) > 0 {
			want.Circuit, want.Remote = portIn(info)
		}
		got := placeOf(&lease.Lease{UserContext: kept})
		require.Equal(t, want.Relay, got.Relay)
		require.Equal(t, string(want.Circuit), string(got.Circuit))
		require.Equal(t, string(want.Remote), string(got.Remote))
		require.Equal(t, string(kept), string(withPlace(kept, info, relay)), "it is there already")
	})
}
