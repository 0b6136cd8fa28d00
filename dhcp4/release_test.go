package dhcp4

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// RFC 2131, section 4.3.4.
func TestRelease(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		client byte
		mods   []mod
		gone   bool
	}{
		{"its own", 7, []mod{ciaddr("192.0.2.12"), toServer("192.0.2.1"), unicast}, true},
		{"another's", 8, []mod{ciaddr("192.0.2.12"), toServer("192.0.2.1"), unicast}, false},
		{"another server's", 7, []mod{ciaddr("192.0.2.12"), toServer("192.0.2.2"), unicast}, false},
		{"without server identifier", 7, []mod{ciaddr("192.0.2.12"), unicast}, true},
		{"of no address", 7, []mod{toServer("192.0.2.1"), unicast}, false},
		{"of an unknown address", 7, []mod{ciaddr("192.0.2.13"), toServer("192.0.2.1"), unicast}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, oneSubnet(), nil)
			b.put(of(7, "192.0.2.12"))
			require.Nil(t, b.ask(release, c.client, c.mods...))
			require.Equal(t, c.gone, b.stored("192.0.2.12") == nil)
		})
	}
}

// RFC 2131, section 4.3.3; the lease looks as Kea's do.
func TestDecline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, oneSubnet("", `, "decline-probation-period": 600`), nil)
		addr := b.lease(7, clientID("\x01\x02"), hostname("alpha"))
		require.Nil(t, b.ask(decline, 8, requested(addr), toServer("192.0.2.1")))
		require.Equal(t, lease.Assigned, b.stored(addr).State, "not its address")
		require.Nil(t, b.ask(decline, 7, clientID("\x01\x02"), requested(addr), toServer("192.0.2.2")))
		require.Equal(t, lease.Assigned, b.stored(addr).State, "another server's")

		time.Sleep(time.Second)
		require.Nil(t, b.ask(decline, 7, clientID("\x01\x02"), requested(addr), toServer("192.0.2.1")))
		l := b.stored(addr)
		require.Equal(t, lease.Lease{
			Type: lease.V4, Addr: netip.MustParseAddr(addr), SubnetID: 1, State: lease.Declined,
			CLTT: time.Now().Unix(), ValidLft: 600, Revision: l.Revision,
		}, *l)
		require.NotEqual(t, addr, b.lease(7), "the client gets another one")
		require.EqualValues(t, 1, b.stat("subnet[1].declined-addresses"))

		time.Sleep(600 * time.Second)
		require.Equal(t, "OFFER "+addr, short(b.ask(discover, 9, requested(addr))), "probation has passed")
		require.Nil(t, b.ask(decline, 7, requested("192.0.2.10"), toServer("192.0.2.1")))
	})
}

// RFC 2131, section 4.3.5: parameters, but no lease time and no yiaddr.
func TestInform(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(`, "option-data": [{"name": "routers", "data": "192.0.2.1"}, {"name": "ntp-servers", "data": "192.0.2.2"}], "reservations": [
		{"hw-address": "02:00:00:00:00:07", "option-data": [{"name": "ntp-servers", "data": "192.0.2.3"}]}]`), nil)
	ack := b.ask(inform, 7, ciaddr("192.0.2.200"), prl(42), unicast)
	require.Equal(t, "ACK", short(ack))
	require.Equal(t, "192.0.2.200", ack.ClientIPAddr.String())
	require.Equal(t, []byte{192, 0, 2, 3}, ack.Options[42])
	require.Equal(t, []byte{192, 0, 2, 1}, ack.Options[3])
	require.NotContains(t, ack.Options, uint8(optLeaseTime))
	require.Empty(t, collect(b))
	require.Nil(t, b.ask(inform, 7), "from nowhere")
}
