package dhcp6

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

// limits are members of a configuration that limit clients.
func limits(list string) string {
	return `, "store-extended-info": true, "user-context": {"limits": {` + list + `}}`
}

// behind is a configuration of one subnet whose clients are behind relay agents.
func behind(more string) string {
	return strings.Replace(oneSubnet(more), `"interface": "eth0", `, "", 1)
}

// atPort is who asks by way of the usual relay agent from a port that it names.
func atPort(name string) mod {
	return relayed(agent("2001:db8:1::1", "fe80::99", dhcpv6.OptInterfaceID([]byte(name))))
}

func TestPortLimits(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	b := newBench(t, behind(limits(`"port-address-limit": 2, "port-prefix-limit": 1`)), &EngineOptions{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.Equal(t, "REPLY NA1[2001:db8:1::10] PD2[2001:db8:f00::/56]", short(b.lease(1, na(1), pd(2), atPort("a"))))
	require.Equal(t, "REPLY NA1[2001:db8:1::11] PD2[NoPrefixAvail]", short(b.lease(2, na(1), pd(2), atPort("a"))))
	require.Equal(t, "ADVERTISE NA1[NoAddrsAvail]", short(b.ask(solicit, 3, na(1), atPort("a"))))
	require.Equal(t, "REPLY NA1[NoAddrsAvail]", short(b.ask(request, 3, na(1, addr13), atPort("a"))))
	require.Equal(t, "REPLY NA1[-2001:db8:1::13 NoAddrsAvail]", short(b.ask(renew, 3, na(1, addr13), atPort("a"))))
	require.EqualValues(t, 5, b.stat("v6-allocation-fail-port-limit"))
	require.EqualValues(t, 5, b.stat("subnet[1].v6-allocation-fail-port-limit"))
	require.Zero(t, b.stat("v6-allocation-fail"), "there would be addresses")
	require.Contains(t, log.String(), `msg="limit reached, nothing for client" limit=port-limit client.hw-address=02:00:00:00:00:03 client.duid=00:03:00:01:02:00:00:00:00:03 type=IA_NA place.relay=2001:db8:1::1 place.circuit-id=61 subnet=1`)

	// Whoever has a lease keeps it, in every way that there is.
	for _, typ := range []dhcpv6.MessageType{renew, rebind, request} {
		require.Equal(t, "REPLY NA1[2001:db8:1::10] PD2[2001:db8:f00::/56]", short(b.ask(typ, 1, na(1, addr10), pd(2, prefix0), atPort("a"))))
	}
	require.Equal(t, "REPLY NA1[2001:db8:1::11]", short(b.lease(2, na(1), atPort("a"))))

	// Other ports are others; who moves keeps its lease.
	require.Equal(t, "REPLY NA1[2001:db8:1::12] PD2[2001:db8:f00:100::/56]", short(b.lease(4, na(1), pd(2), atPort("b"))))
	require.Equal(t, "REPLY NA1[2001:db8:1::12]", short(b.ask(rebind, 4, na(1, addr12), atPort("a"))))

	// Nor is there more by any number of identity associations.
	require.Equal(t, "ADVERTISE NA1[2001:db8:1::13] NA2[NoAddrsAvail] PD1[2001:db8:f00:200::/56] PD2[NoPrefixAvail]",
		short(b.ask(solicit, 5, na(1), na(2), pd(1), pd(2), atPort("c"))))

	// What is given back is free for others.
	require.Equal(t, "ADVERTISE NA1[NoAddrsAvail]", short(b.ask(solicit, 3, na(1), atPort("a"))))
	b.ask(release, 4, na(1, addr12), atPort("a"))
	b.ask(release, 1, na(1, addr10), pd(2, prefix0), atPort("a"))
	require.Equal(t, "REPLY NA1[2001:db8:1::10] PD2[2001:db8:f00:300::/56]", short(b.lease(3, na(1), pd(2), atPort("a"))))
}

func TestDeclinedAddressesAreCounted(t *testing.T) {
	t.Parallel()
	b := newBench(t, behind(limits(`"port-address-limit": 1`)), nil)
	b.lease(1, na(1), atPort("a"))
	b.ask(decline, 1, na(1, addr10), atPort("a"))
	require.Equal(t, lease.Declined, b.stored(addr10).State)
	require.Equal(t, "ADVERTISE NA1[NoAddrsAvail]", short(b.ask(solicit, 2, na(1), atPort("a"))))
}

// A client may claim to be a relay agent itself, to one that believes it. That
// gives it other ports, but not another relay agent.
func TestRelayLimits(t *testing.T) {
	t.Parallel()
	b := newBench(t, behind(limits(`"relay-address-limit": 2, "relay-prefix-limit": 0`)), nil)
	b.lease(1, na(1), atPort("a"))
	b.lease(2, na(1), relayed(agent("2001:db8:1::1", "fe80::98"))) // names no port
	require.Equal(t, "ADVERTISE NA1[NoAddrsAvail] PD1[NoPrefixAvail]", short(b.ask(solicit, 3, na(1), pd(1), atPort("b"))))
	for n := range 3 {
		claimed := agent(fmt.Sprintf("2001:db8:1::c%d", n), "fe80::99", dhcpv6.OptInterfaceID([]byte{byte(n)}))
		require.Equal(t, "ADVERTISE NA1[NoAddrsAvail]", short(b.ask(solicit, 3, na(1), relayed(agent("2001:db8:1::1", "fe80::97"), claimed))))
	}
	require.EqualValues(t, 5, b.stat("v6-allocation-fail-relay-limit"))
	require.Equal(t, "ADVERTISE NA1[2001:db8:1::12]", short(b.ask(solicit, 3, na(1), relayed(agent("2001:db8:1::2", "fe80::99")))))
	require.Equal(t, "ADVERTISE NA1[2001:db8:1::13]", short(b.ask(solicit, 4, na(1),
		relayed(agent("::", "2001:db8:9::9"), agent("2001:db8:1::1", "fe80::99")))), "behind another one it is elsewhere")
}

// Directly connected clients are behind no port.
func TestLimitsAreOfRelayAgents(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(limits(`"port-address-limit": 0, "relay-address-limit": 0`)), nil)
	for client := range byte(4) {
		b.lease(client, na(1))
		require.NotNil(t, b.stored(fmt.Sprintf("2001:db8:1::1%d", client)))
	}
}

func TestReservedBeyondTheLimit(t *testing.T) {
	t.Parallel()
	b := newBench(t, behind(limits(`"port-address-limit": 1, "port-prefix-limit": 0`)+`, "reservations": [
		{"duid": "00:03:00:01:02:00:00:00:00:07", "ip-addresses": ["2001:db8:1::12"], "prefixes": ["2001:db8:f00:100::/56"]}]`), nil)
	b.lease(1, na(1), atPort("a"))
	require.Equal(t, "REPLY NA1[2001:db8:1::12] NA2[NoAddrsAvail] PD1[2001:db8:f00:100::/56]", short(b.lease(7, na(1), na(2), pd(1), atPort("a"))))
	b.ask(release, 1, na(1, addr10), atPort("a"))
	require.Equal(t, "ADVERTISE NA1[NoAddrsAvail]", short(b.ask(solicit, 1, na(1), atPort("a"))), "what is reserved is counted")
}

// A client whose address it cannot keep is given another in its place.
func TestOneForAnotherAtTheLimit(t *testing.T) {
	t.Parallel()
	b := newBench(t, behind(limits(`"port-address-limit": 1`)), nil)
	b.lease(1, na(1), atPort("a"))
	require.NoError(t, b.e.Reload(config(t, strings.Replace(behind(limits(`"port-address-limit": 1`)), "1::10-", "1::11-", 1))))
	require.Equal(t, "ADVERTISE NA1[NoAddrsAvail]", short(b.ask(solicit, 2, na(1), atPort("a"))))
	require.Equal(t, "REPLY NA1[2001:db8:1::11 -2001:db8:1::10]", short(b.ask(renew, 1, na(1, addr10), atPort("a"))))
	require.Equal(t, "ADVERTISE NA1[NoAddrsAvail]", short(b.ask(solicit, 2, na(1), atPort("a"))))
}

// What is offered counts for as long as it is held.
func TestOffersAreCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, behind(limits(`"port-address-limit": 2`)), nil)
		first := short(b.ask(solicit, 1, na(1), atPort("a")))
		b.ask(solicit, 2, na(1), atPort("a"))
		none := "ADVERTISE NA1[NoAddrsAvail]"
		require.Equal(t, none, short(b.ask(solicit, 3, na(1), atPort("a"))))
		require.Equal(t, first, short(b.ask(solicit, 1, na(1), atPort("a"))), "it asks again")
		require.Nil(t, b.ask(request, 1, na(1), toServer("00020000f3f002"), atPort("a")), "of another server")
		require.NotEqual(t, none, short(b.ask(solicit, 3, na(1), atPort("a"))))
		require.Equal(t, none, short(b.ask(solicit, 1, na(1), atPort("a"))))
		time.Sleep(engine.OfferHold)
		require.NotEqual(t, none, short(b.ask(solicit, 1, na(1), atPort("a"))), "the offers have ended")
		b.lease(2, na(1), atPort("a"))
		require.Equal(t, none, short(b.ask(solicit, 3, na(1), atPort("a"))))
		time.Sleep(2 * time.Hour)
		require.NotEqual(t, none, short(b.ask(solicit, 3, na(1), atPort("a"))), "leases end although nobody cleans up")
	})
}

// Addresses of pools that clients register are kept from others, too.
func TestRegisteredAddressesOfPoolsAreCounted(t *testing.T) {
	t.Parallel()
	b := newBench(t, behind(limits(`"port-address-limit": 1`)), nil)
	registered := func(client byte, addr string) string {
		from := relayed(agent("2001:db8:1::1", addr, dhcpv6.OptInterfaceID([]byte("a"))))
		return short(b.ask(register, client, with(prefixOption(lease.NA, wished(addr).prefix, 100, 200)), from))
	}
	for n := range byte(3) {
		require.NotEqual(t, "silence", registered(n, fmt.Sprintf("2001:db8:1::aaa%d", n)), "outside of the pools")
	}
	require.NotEqual(t, "silence", registered(1, addr12))
	require.NotEqual(t, "silence", registered(1, addr12), "anew")
	require.Equal(t, "silence", registered(2, addr13))
	require.EqualValues(t, 1, b.stat("v6-allocation-fail-port-limit"))
	require.Equal(t, "ADVERTISE NA1[NoAddrsAvail]", short(b.ask(solicit, 3, na(1), atPort("a"))))
}

// The count is kept by leases: it is the same after a restart, and with leases
// that another server has given, in whatever form.
func TestLimitCountsLeases(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "leases.db")
	cfg := behind(limits(`"port-address-limit": 2`))
	for client := range byte(2) {
		store, err := lease.Open(path, nil)
		require.NoError(t, err)
		e, err := NewEngine(config(t, cfg), store, nil)
		require.NoError(t, err)
		b := &bench{t, e, store}
		b.lease(client, na(1), atPort("a"))
		require.Equal(t, client == 1, short(b.ask(solicit, 9, na(1), atPort("a"))) == "ADVERTISE NA1[NoAddrsAvail]")
		e.Close()
		require.NoError(t, store.Close())
	}

	b := newBench(t, cfg, nil)
	for n, context := range []string{
		`{"ISC": {"relays": [{"hop": 0, "link": "2001:db8:1::1", "options": "0x0012000161", "peer": "fe80::1"}]}}`,
		`{"ISC": {"relay-info": [{"hop": 0, "link": "2001:db8:1::1", "options": "0x0012000161", "peer": "fe80::2", "remote-id": "00"}]}}`,
	} {
		require.Equal(t, 0, strings.Count(short(b.ask(solicit, 9, na(1), atPort("a"))), "NoAddrsAvail"))
		l := of(byte(n), 1, []string{addr10, addr11}[n])
		l.UserContext = []byte(context)
		b.put(l)
		b.e.plan.Load().held.DropAll(holderOf(lease.NA, 1, duid(9)))
	}
	require.Equal(t, "ADVERTISE NA1[NoAddrsAvail]", short(b.ask(solicit, 9, na(1), atPort("a"))))
}

// What a query says and what its lease keeps is one place.
func TestPlaceIsKept(t *testing.T) {
	t.Parallel()
	b := newBench(t, behind(limits(`"port-address-limit": 9`)), nil)
	remote := &dhcpv6.OptRemoteID{EnterpriseNumber: 9, RemoteID: []byte("r")}
	link := netip.MustParseAddr("2001:db8:1::1")
	for client, c := range []struct {
		mod   mod
		relay string
		port  string
	}{
		{atPort("a"), "2001:db8:1::1", "a "},
		{relayed(agent("2001:db8:1::1", "fe80::99", remote, dhcpv6.OptInterfaceID([]byte("x")))), "2001:db8:1::1", "x \x00\x00\x00\x09r"},
		{relayed(agent("2001:db8:1::2", "fe80::2", remote), agent("2001:db8:1::1", "fe80::99", dhcpv6.OptInterfaceID([]byte("x")))), "2001:db8:1::2", "x "},
		{relayed(agent("::", "2001:db8:9::9"), agent("2001:db8:1::1", "fe80::99")), "2001:db8:9::9", " "},
	} {
		x := exchangeOf(t, b.e, queryOf(solicit, byte(client), c.mod))
		want := x.place()
		require.Equal(t, c.relay, want.Relay.String())
		require.Equal(t, link, want.Link)
		require.Equal(t, c.port, string(want.Circuit)+" "+string(want.Remote))
		require.Equal(t, "NA1", short(b.lease(byte(client), na(1), c.mod))[6:9])
		require.Equal(t, want, placeOf(b.stored([]string{addr10, addr11, addr12, addr13}[client])))
	}
	x := exchangeOf(t, b.e, queryOf(solicit, 9, relayed(agent("::", "2001:db8:1::99"))))
	p := x.place()
	require.False(t, p.Known(), "a single relay agent's peer is the client")
	for _, context := range []string{"", `{}`, `{"ISC": 1}`, `{"ISC": {"relays": 1}}`, `{"ISC": {"relays": []}}`, `{"ISC": {"relays": [{"link": "x", "options": "0x001200"}]}}`,
		`{"ISC": {"relays": [{"options": "zz"}]}}`} {
		p := placeOf(&lease.Lease{UserContext: []byte(context)})
		require.False(t, p.Known(), context)
	}
}

// A flood of clients behind one port, with as many identity associations as a
// message has, leaves to those behind another one all that is theirs.
func TestFloodFromOnePort(t *testing.T) {
	t.Parallel()
	identities, innocent := 200_000, 100
	if testing.Short() {
		identities = 20_000
	}
	b := newBench(t, strings.Replace(behind(limits(`"port-address-limit": 16, "port-prefix-limit": 16`)), "1::13", "1::ff", 1), nil)
	w := newDatagrams(b.e)
	datagram := func(typ dhcpv6.MessageType, port string, id []byte, mods ...mod) []byte {
		m := messageOf(typ, append(mods, without(dhcpv6.OptionClientID), opt(dhcpv6.OptionClientID, id...))...)
		return through(m, agent("2001:db8:1::1", "fe80::99", dhcpv6.OptInterfaceID([]byte(port)))).ToBytes()
	}
	hostile := []byte{0, 3, 0, 1, 'h', 'o', 's', 't', 'i', 'l'}
	flood := [][]byte{
		datagram(solicit, "hostile", hostile, na(1), na(2), na(3), pd(1), pd(2)),
		datagram(request, "hostile", hostile, na(1, "2001:db8:1::80"), pd(1)),
		datagram(rebind, "hostile", hostile, na(1, "2001:db8:1::81")),
	}
	served := 0
	for n := range identities {
		q := bytes.Clone(flood[n%len(flood)])
		binary.BigEndian.PutUint32(q[bytes.Index(q, hostile)+6:], uint32(n))
		w.ask(t, q)
		if n%(identities/innocent) == 0 {
			id := fmt.Appendf([]byte{0, 2, 0, 0, 0, 9}, "client %d", served)
			port := fmt.Sprint("port ", served/16)
			w.ask(t, datagram(solicit, port, id, na(7)))
			require.NotContains(t, string(w.ask(t, datagram(request, port, id, na(7)))), noAddrsAvail.text)
			served++
		}
	}
	require.Equal(t, innocent, served)
	have := b.store.Count(1, lease.Assigned, lease.NA)
	require.Greater(t, have, innocent, "the hostile port has its share, too")
	require.LessOrEqual(t, have, innocent+16)
	require.LessOrEqual(t, b.store.Count(1, lease.Assigned, lease.PD), 16)
	require.Greater(t, b.stat("v6-allocation-fail-port-limit"), int64(identities))
}

// Limits are inherited one by one.
func TestLimitsAreInherited(t *testing.T) {
	t.Parallel()
	p, err := newPlan(config(t, `"store-extended-info": true, "user-context": {"limits": {"port-prefix-limit": 1, "relay-address-limit": 10}},
		"shared-networks": [{"name": "n", "user-context": {"limits": {"port-prefix-limit": 2}}, "subnet6": [
			{"id": 1, "subnet": "2001:db8:1::/64", "user-context": {"limits": {"relay-address-limit": 30}}}]}],
		"subnet6": [{"id": 2, "subnet": "2001:db8:2::/64"}]`))
	require.NoError(t, err)
	one := func(list string) *engine.Limits {
		p, err := newPlan(config(t, behind(limits(list))))
		require.NoError(t, err)
		return p.subnets[0].limits
	}
	require.Equal(t, one(`"port-prefix-limit": 2, "relay-address-limit": 30`), p.byID[1].limits)
	require.Equal(t, one(`"port-prefix-limit": 1, "relay-address-limit": 10`), p.byID[2].limits)
	q, err := newPlan(config(t, behind("")))
	require.NoError(t, err)
	require.Nil(t, q.subnets[0].limits)
	require.False(t, q.limited())
}

// Whatever else is in a user context, the place that is put there is found.
func FuzzPlace(f *testing.F) {
	options := func(r *dhcpv6.RelayMessage) []byte {
		return through(messageOf(solicit), r).ToBytes()
	}
	f.Add([]byte(nil), options(agent("2001:db8:1::1", "fe80::99", dhcpv6.OptInterfaceID([]byte("a")))))
	f.Add([]byte(`{"ISC": {"relays": [{"hop": 0, "link": "::1"}]}}`), options(agent("::", "fe80::99")))
	f.Add([]byte(`{"ISC": {"relay-info": [{"hop": 0, "link": "2001:db8::1"}]}, "isc": {}, "x": 1}`), options(agent("2001:db8:1::1", "fe80::99", dhcpv6.OptInterfaceID(nil))))
	f.Fuzz(func(t *testing.T, context, datagram []byte) {
		_ = placeOf(&lease.Lease{UserContext: context})
		var p packet
		if _, _, why := accept(datagram, false); why != 0 || p.read(datagram) != nil || len(p.relays) == 0 {
			return
		}
		want := (&exchange{course: course{in: &p}}).place()
		got := placeOf(&lease.Lease{UserContext: withRelayInfo(context, p.relays)})
		require.Equal(t, want.Relay, got.Relay)
		require.Equal(t, want.Link, got.Link)
		require.Equal(t, string(want.Circuit), string(got.Circuit))
		require.Equal(t, string(want.Remote), string(got.Remote))
	})
}
