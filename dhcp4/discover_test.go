package dhcp4

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

// RFC 2131, section 4.3.1: the order in which an address is chosen.
func TestOfferedAddress(t *testing.T) {
	t.Parallel()
	const reserved = `, "reservations": [
		{"hw-address": "02:00:00:00:00:01", "ip-address": "192.0.2.12"},
		{"hw-address": "02:00:00:00:00:02", "ip-address": "192.0.2.99"}]`
	for _, c := range []struct {
		name   string
		more   string
		before []lease.Lease
		client byte
		mods   []mod
		want   string
	}{
		{name: "the first free one", client: 7, want: "OFFER 192.0.2.10"},
		{name: "not one of another client", before: []lease.Lease{of(1, "192.0.2.10")}, client: 7, want: "OFFER 192.0.2.11"},
		{name: "its own", before: []lease.Lease{of(7, "192.0.2.13")}, client: 7, want: "OFFER 192.0.2.13"},
		{name: "its own rather than the one it asks for", before: []lease.Lease{of(7, "192.0.2.13")}, client: 7, mods: []mod{requested("192.0.2.11")}, want: "OFFER 192.0.2.13"},
		{name: "its own of earlier", before: []lease.Lease{ended(7, "192.0.2.13")}, client: 7, want: "OFFER 192.0.2.13"},
		{name: "by client identifier on another interface", before: []lease.Lease{func() lease.Lease { l := of(1, "192.0.2.13"); l.ClientID = []byte("\x01me"); return l }()},
			client: 7, mods: []mod{clientID("\x01me")}, want: "OFFER 192.0.2.13"},
		{name: "not by hardware address if the identifiers differ", before: []lease.Lease{func() lease.Lease { l := of(7, "192.0.2.10"); l.ClientID = []byte("\x01me"); return l }()},
			client: 7, mods: []mod{clientID("\x01other")}, want: "OFFER 192.0.2.11"},
		{name: "by hardware address if match-client-id is false", more: `, "match-client-id": false`, before: []lease.Lease{func() lease.Lease { l := of(7, "192.0.2.13"); l.ClientID = []byte("\x01me"); return l }()},
			client: 7, mods: []mod{clientID("\x01other")}, want: "OFFER 192.0.2.13"},
		{name: "the one it asks for", client: 7, mods: []mod{requested("192.0.2.12")}, want: "OFFER 192.0.2.12"},
		{name: "not the one it asks for if it is taken", before: []lease.Lease{of(1, "192.0.2.12")}, client: 7, mods: []mod{requested("192.0.2.12")}, want: "OFFER 192.0.2.10"},
		{name: "not the one it asks for outside of the pools", client: 7, mods: []mod{requested("192.0.2.77")}, want: "OFFER 192.0.2.10"},
		{name: "another's that has ended if it asks for it", before: []lease.Lease{ended(1, "192.0.2.12")}, client: 7, mods: []mod{requested("192.0.2.12")}, want: "OFFER 192.0.2.12"},
		{name: "not a declined one", before: []lease.Lease{{Addr: netip.MustParseAddr("192.0.2.10"), State: lease.Declined, CLTT: time.Now().Unix(), ValidLft: 600}}, client: 7, mods: []mod{requested("192.0.2.10")}, want: "OFFER 192.0.2.11"},
		{name: "the reserved one in the pool", more: reserved, client: 1, mods: []mod{requested("192.0.2.10")}, want: "OFFER 192.0.2.12"},
		{name: "the reserved one outside of the pools", more: reserved, client: 2, want: "OFFER 192.0.2.99"},
		{name: "the reserved one although it has a lease", more: reserved, before: []lease.Lease{of(2, "192.0.2.10")}, client: 2, want: "OFFER 192.0.2.99"},
		{name: "another if somebody has the reserved one", more: reserved, before: []lease.Lease{of(7, "192.0.2.12")}, client: 1, want: "OFFER 192.0.2.10"},
		{name: "not one reserved for another", more: reserved, client: 7, mods: []mod{requested("192.0.2.12")}, want: "OFFER 192.0.2.10"},
		{name: "not its own if reserved for another", more: reserved, before: []lease.Lease{of(7, "192.0.2.12")}, client: 7, want: "OFFER 192.0.2.10"},
		{name: "the last free one but for a reserved one", more: reserved, before: []lease.Lease{of(3, "192.0.2.10"), of(4, "192.0.2.11"), of(5, "192.0.2.13")}, client: 7, want: "silence"},
		{name: "none left", before: []lease.Lease{of(3, "192.0.2.10"), of(4, "192.0.2.11"), of(5, "192.0.2.12"), of(6, "192.0.2.13")}, client: 7, want: "silence"},
		{name: "not from a link without subnet", client: 7, mods: []mod{relay("198.51.100.1")}, want: "silence"},
		{name: "not with a server identifier", client: 7, mods: []mod{toServer("192.0.2.1")}, want: "silence"},
		{name: "not to nobody", client: 7, mods: []mod{func(q *Query) { q.Message.ClientHWAddr = nil }}, want: "silence"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, oneSubnet(c.more), nil)
			b.put(c.before...)
			require.Equal(t, c.want, short(b.ask(discover, c.client, c.mods...)))
			require.Len(t, collect(b), len(c.before), "an offer stores nothing")
		})
	}
}

func collect(b *bench) (all []lease.Lease) {
	for l := range b.store.All() {
		all = append(all, l)
	}
	return all
}

// What a boot loader is offered is the lease of the system that runs afterwards,
// and does not keep it from that.
func TestOfferUnderAnotherIdentity(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(), nil)
	system := clientID("\x01system")
	addr := b.lease(1, system)
	require.Equal(t, "OFFER "+addr, short(b.ask(discover, 1)))
	require.Equal(t, "OFFER "+addr, short(b.ask(discover, 1, system)))
	require.Equal(t, "OFFER "+addr, short(b.ask(discover, 1)))
	require.Equal(t, "ACK "+addr, short(b.ask(request, 1, system, ciaddr(addr), unicast)))

	// What another client was offered is not taken back.
	require.Equal(t, "OFFER 192.0.2.11", short(b.ask(discover, 2)))
	require.Equal(t, "NAK", short(b.ask(request, 1, system, requested("192.0.2.11"), toServer("192.0.2.1"))))
}

func TestOfferIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, oneSubnet(), nil)
		require.Equal(t, "OFFER 192.0.2.10", short(b.ask(discover, 1)))
		require.Equal(t, "OFFER 192.0.2.11", short(b.ask(discover, 2, requested("192.0.2.10"))), "offered to somebody else just now")
		require.Equal(t, "OFFER 192.0.2.10", short(b.ask(discover, 1)), "a client that asks again is offered the same")
		require.Equal(t, "NAK", short(b.ask(request, 2, requested("192.0.2.10"), toServer("192.0.2.1"))))

		time.Sleep(engine.OfferHold)
		require.Equal(t, "OFFER 192.0.2.10", short(b.ask(discover, 3, requested("192.0.2.10"))), "an offer does not last")
	})
}

// RFC 2131, section 3.1, step 4: those servers not selected use the message as
// notification that the client has declined that server's offer.
func TestOfferEndsWhenAnotherServerIsSelected(t *testing.T) {
	t.Parallel()
	for _, more := range []string{"", `, "match-client-id": false`} {
		b := newBench(t, oneSubnet(more), nil)
		require.Equal(t, "OFFER 192.0.2.10", short(b.ask(discover, 1, clientID("\x01x"))))
		require.Equal(t, "silence", short(b.ask(request, 1, clientID("\x01x"), requested("198.51.100.7"), toServer("192.0.2.2"))))
		require.Equal(t, "OFFER 192.0.2.10", short(b.ask(discover, 2, requested("192.0.2.10"))))
		require.EqualValues(t, 1, b.stat("pkt4-not-for-us"))
	}
}

// RFC 2131, section 4.3.1, table 3: the fields and options of a DHCPOFFER.
func TestOfferFields(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(`, "renew-timer": 1000, "rebind-timer": 2000`), nil)
	offer := b.ask(discover, 1, ciaddr("192.0.2.10"), func(q *Query) {
		q.Message.Flags, q.Message.HopCount = 0x8000, 3
		q.Message.NumSeconds = 7
	}, relay("192.0.2.254"))
	require.Equal(t, dhcpv4.OpcodeBootReply, offer.OpCode)
	require.EqualValues(t, 1, offer.HWType)
	require.Zero(t, offer.HopCount)
	require.Equal(t, dhcpv4.TransactionID{1, 2, 3, 1}, offer.TransactionID)
	require.Zero(t, offer.NumSeconds)
	require.True(t, offer.ClientIPAddr.IsUnspecified(), "ciaddr of an OFFER is 0")
	require.True(t, offer.ServerIPAddr.IsUnspecified())
	require.EqualValues(t, 0x8000, offer.Flags)
	require.Equal(t, "192.0.2.254", offer.GatewayIPAddr.String())
	require.Equal(t, "02:00:00:00:00:01", offer.ClientHWAddr.String())
	require.Equal(t, dhcpv4.Options{
		optMessageType: {2}, optServerID: {192, 0, 2, 1}, optLeaseTime: {0, 0, 14, 16}, optSubnetMask: {255, 255, 255, 0},
		optT1: {0, 0, 3, 232}, optT2: {0, 0, 7, 208},
	}, offer.Options)
}

// RFC 4039: two messages instead of four, where it is configured.
func TestRapidCommit(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(`, "rapid-commit": true`), nil)
	require.Equal(t, "OFFER 192.0.2.10", short(b.ask(discover, 1)), "the client does not ask for it")
	ack := b.ask(discover, 1, opt(optRapidCommit))
	require.Equal(t, "ACK 192.0.2.10", short(ack))
	require.Contains(t, ack.Options, uint8(optRapidCommit))
	require.NotNil(t, b.stored("192.0.2.10"))

	b = newBench(t, oneSubnet(), nil)
	require.Equal(t, "OFFER 192.0.2.10", short(b.ask(discover, 1, opt(optRapidCommit))), "off by default")
}

// RFC 8925: a client that can do without IPv4 gets no address.
func TestIPv6OnlyPreferred(t *testing.T) {
	t.Parallel()
	const v6only = `, "option-data": [{"name": "v6-only-preferred", "data": "1800"}]`
	b := newBench(t, oneSubnet(v6only), nil)
	require.Equal(t, "OFFER 192.0.2.10", short(b.ask(discover, 1, prl(1, 3))), "it does not ask for the option")
	offer := b.ask(discover, 2, prl(1, optIPv6Only))
	require.Equal(t, "OFFER", short(offer))
	require.Equal(t, []byte{0, 0, 7, 8}, offer.Options[optIPv6Only])
	require.NotContains(t, offer.Options, uint8(optLeaseTime))
	require.Equal(t, "OFFER 192.0.2.11", short(b.ask(discover, 3)), "no address was set aside")

	b.put(of(4, "192.0.2.12"))
	for name, mods := range map[string][]mod{
		"after another server's offer": {requested("192.0.2.12"), toServer("192.0.2.1")},
		"rebooting":                    {requested("192.0.2.12")},
		"renewing":                     {ciaddr("192.0.2.12"), unicast},
	} {
		ack := b.ask(request, 4, append(mods, prl(1, optIPv6Only))...)
		require.Equal(t, "ACK 192.0.2.12", short(ack), name)
		require.Contains(t, ack.Options, uint8(optLeaseTime), name)
		require.Equal(t, []byte{0, 0, 7, 8}, ack.Options[optIPv6Only], name)
	}

	b = newBench(t, oneSubnet(), nil)
	require.Equal(t, "OFFER 192.0.2.10", short(b.ask(discover, 1, prl(1, optIPv6Only))), "not configured")

	b = newBench(t, oneSubnet(`, "option-data": [{"name": "v6-only-preferred", "data": "1800", "always-send": true}]`), nil)
	require.NotContains(t, b.ask(discover, 1).Options, uint8(optIPv6Only), "it MUST NOT be sent to who did not ask")
}
