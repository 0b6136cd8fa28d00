package dhcp6

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

const reservedForOne = `, "reservations": [{"duid": "00:03:00:01:02:00:00:00:00:01", "ip-addresses": ["` + addr12 + `"]}]`

// RFC 9915, sections 18.3.4 and 18.3.5.
func TestRenew(t *testing.T) {
	t.Parallel()
	for _, s := range []scene{
		{name: "what it has", before: []lease.Lease{of(7, 1, addr12), of(7, 1, prefix1)}, mods: []mod{na(1, addr12), pd(1, prefix1)},
			want: "REPLY NA1[" + addr12 + "] PD1[" + prefix1 + "]", leases: map[string]byte{addr12: 7, prefix1: 7}},
		{name: "what it has although it does not say so", before: []lease.Lease{of(7, 1, addr12)}, mods: []mod{na(1)}, want: "REPLY NA1[" + addr12 + "]", leases: map[string]byte{addr12: 7}},
		{name: "more than it speaks of", before: []lease.Lease{of(7, 1, addr12), of(7, 1, addr13)}, mods: []mod{na(1, addr13)}, want: "REPLY NA1[" + addr12 + " " + addr13 + "]", leases: map[string]byte{addr12: 7, addr13: 7}},
		{name: "less than it believes to have", before: []lease.Lease{of(7, 1, addr12), of(7, 1, prefix1)}, mods: []mod{na(1, addr12, addr13, elsewhere), pd(1, prefix2, prefix1)},
			want: "REPLY NA1[" + addr12 + " -" + addr13 + " -" + elsewhere + "] PD1[" + prefix1 + " -" + prefix2 + "]", leases: map[string]byte{addr12: 7, prefix1: 7}},
		{name: "what it had until it ended", before: []lease.Lease{ended(7, 1, addr12)}, mods: []mod{na(1, addr12)}, want: "REPLY NA1[" + addr12 + "]", leases: map[string]byte{addr12: 7}},
		{name: "a binding that is not known", mods: []mod{na(1, addr12), pd(1, prefix2)}, want: "REPLY NA1[" + addr12 + "] PD1[" + prefix2 + "]", leases: map[string]byte{addr12: 7, prefix2: 7}},
		{name: "another's", before: []lease.Lease{of(1, 1, addr12)}, mods: []mod{na(1, addr12)}, want: "REPLY NA1[" + addr10 + " -" + addr12 + "]", leases: map[string]byte{addr12: 1, addr10: 7}},
		{name: "of another link", mods: []mod{na(1, elsewhere)}, want: "REPLY NA1[" + addr10 + " -" + elsewhere + "]", leases: map[string]byte{addr10: 7}},
		{name: "nothing left", before: []lease.Lease{of(1, 1, addr10), of(2, 1, addr11), of(3, 1, addr12), of(4, 1, addr13)}, mods: []mod{na(1, elsewhere)},
			want: "REPLY NA1[-" + elsewhere + " NoAddrsAvail]", leases: map[string]byte{addr10: 1, addr11: 2, addr12: 3, addr13: 4}},
		{name: "a length is no prefix", before: []lease.Lease{of(7, 1, prefix1)}, mods: []mod{pd(1, "::/60")}, want: "REPLY PD1[" + prefix1 + "]", leases: map[string]byte{prefix1: 7}},
		{name: "what has been reserved for another", more: reservedForOne, before: []lease.Lease{of(7, 1, addr12)}, mods: []mod{na(1, addr12)},
			want: "REPLY NA1[" + addr10 + " -" + addr12 + "]", leases: map[string]byte{addr10: 7, addr12: 7 + ending}},
		{name: "what has been reserved for it, by somebody else's", more: reservedForOne, before: []lease.Lease{of(7, 1, addr12), of(1, 1, addr13)}, client: 1, mods: []mod{na(1, addr13)},
			want: "REPLY NA1[" + addr13 + "]", leases: map[string]byte{addr12: 7, addr13: 1}},
		{name: "what has been reserved for it", more: reservedForOne, before: []lease.Lease{of(1, 1, addr13)}, client: 1, mods: []mod{na(1, addr13)},
			want: "REPLY NA1[" + addr12 + " -" + addr13 + "]", leases: map[string]byte{addr12: 1, addr13: 1 + ending}},
		{name: "what it has although a part of that is reserved for it", more: `, "reservations": [{"duid": "00:03:00:01:02:00:00:00:00:07", "prefixes": ["2001:db8:f00:100::/60"]}]`,
			before: []lease.Lease{of(7, 1, prefix1)}, mods: []mod{pd(1, prefix1)}, want: "REPLY PD1[" + prefix1 + "]", leases: map[string]byte{prefix1: 7}},
		{name: "what it has outside of the pools", before: []lease.Lease{of(7, 1, "2001:db8:1::77")}, mods: []mod{na(1, "2001:db8:1::77")},
			want: "REPLY NA1[" + addr10 + " -2001:db8:1::77]", leases: map[string]byte{addr10: 7, "2001:db8:1::77": 7 + ending}},
	} {
		if s.client == 0 {
			s.client = 7
		}
		for _, typ := range []dhcpv6.MessageType{renew, rebind} {
			s.typ = typ
			t.Run(typ.String()+" "+s.name, s.play)
		}
	}
	for _, s := range []scene{
		{name: "Renew on an unknown link", typ: renew, before: []lease.Lease{of(7, 1, addr12)}, mods: []mod{onInterface("eth5"), na(1, addr12), pd(1)},
			want: "REPLY NA1[NoBinding] PD1[NoBinding]", leases: map[string]byte{addr12: 7}},
		{name: "Rebind on an unknown link", typ: rebind, mods: []mod{onInterface("eth5"), na(1, addr12), pd(1)}, want: "silence"},
		{name: "Rebind with a server", typ: rebind, mods: []mod{na(1, addr12), toServer(serverDUIDText)}, want: "silence"},
		{name: "Renew without a server", typ: renew, mods: []mod{na(1, addr12), without(dhcpv6.OptionServerID)}, want: "silence"},
		{name: "Renew of another server", typ: renew, mods: []mod{na(1, addr12), toServer("00020000f3f002")}, want: "silence"},
	} {
		s.client = 7
		t.Run(s.name, s.play)
	}
}

// A renewal counts from now, with the lifetimes that are configured now.
func TestRenewedLease(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(), nil)
	old := of(7, 1, addr12)
	old.CLTT -= 1000
	old.ValidLft, old.PreferredLft = 1500, 1200
	old.UserContext = []byte(`{"a":1}`)
	b.put(old)
	b.ask(renew, 7, na(1, addr12))
	l := b.stored(addr12)
	require.InDelta(t, time.Now().Unix(), l.CLTT, 5)
	require.EqualValues(t, 4000, l.ValidLft)
	require.EqualValues(t, 3000, l.PreferredLft)
	require.JSONEq(t, `{"a":1}`, string(l.UserContext))
	require.Zero(t, b.stat("cumulative-assigned-nas"), "it is the same lease")
}

// What is taken from a client is not given to others before it has had the time
// to hear of it.
func TestTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, oneSubnet(), nil)
		b.ask(request, 7, na(1, addr12))
		require.NoError(t, b.e.Reload(config(t, oneSubnet(reservedForOne))))
		for range 3 {
			time.Sleep(10 * time.Second)
			require.Equal(t, "REPLY NA1["+addr10+" -"+addr12+"]", short(b.ask(renew, 7, na(1, addr12))), "it is told again")
			require.Equal(t, "ADVERTISE NA1["+addr11+"]", short(b.ask(solicit, 1, na(1))))
		}
		time.Sleep(40 * time.Second)
		require.Equal(t, "REPLY NA1["+addr12+"]", short(b.ask(request, 1, na(1))))
	})
}

// RFC 9915, section 18.3.3.
func TestConfirm(t *testing.T) {
	t.Parallel()
	for _, s := range []scene{
		{name: "of the link", mods: []mod{na(1, addr10), na(2, "2001:db8:1::9999", addr11)}, want: "REPLY Success"},
		{name: "one is not of the link", mods: []mod{na(1, addr10), na(2, addr11, elsewhere)}, want: "REPLY NotOnLink"},
		{name: "no addresses", mods: []mod{na(1)}, want: "silence"},
		{name: "only prefixes", mods: []mod{pd(1, prefix0)}, want: "silence"},
		{name: "an unknown link", mods: []mod{na(1, addr10), onInterface("eth5")}, want: "silence"},
		{name: "a server", mods: []mod{na(1, addr10), toServer(serverDUIDText)}, want: "silence"},
		{name: "no client", mods: []mod{na(1, addr10), without(dhcpv6.OptionClientID)}, want: "silence"},
	} {
		s.typ, s.client = confirm, 7
		t.Run(s.name, s.play)
	}
}

// Somebody has given subnets other numbers, or an address to another of them. A
// lease is of the subnet that has the address then, whether the client names the
// address or not.
func TestLeaseOfARenumberedSubnet(t *testing.T) {
	t.Parallel()
	const addr = "2001:db8:2::10"
	for _, asked := range []mod{na(1, addr), na(1)} {
		b := newBench(t, `"shared-networks": [{"name": "net", "interface": "eth0", "subnet6": [
			{"id": 1, "subnet": "2001:db8:1::/64", "pools": [{"pool": "2001:db8:1::10-2001:db8:1::13"}]},
			{"id": 2, "subnet": "2001:db8:2::/64", "pools": [{"pool": "2001:db8:2::10-2001:db8:2::13"}]}]}]`, nil)
		l := of(7, 1, addr)
		l.SubnetID = 1
		b.put(l)
		require.Equal(t, "REPLY NA1["+addr+"]", short(b.ask(renew, 7, asked)))
		require.EqualValues(t, 2, b.stored(addr).SubnetID)
		require.Len(t, b.all(), 1)
	}
}
