package dhcp6

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// What a client is advertised, and in which order it is chosen.
func TestAdvertised(t *testing.T) {
	t.Parallel()
	const reserved = `, "reservations": [
		{"duid": "00:03:00:01:02:00:00:00:00:01", "ip-addresses": ["2001:db8:1::12", "2001:db8:1::99"], "prefixes": ["2001:db8:f00:300::/56"]},
		{"hw-address": "02:00:00:00:00:02", "ip-addresses": ["2001:db8:1::77"]}]`
	for _, c := range []struct {
		name   string
		more   string
		before []lease.Lease
		client byte
		mods   []mod
		want   string
	}{
		{name: "the first free one", client: 7, mods: []mod{na(1)}, want: "NA1[2001:db8:1::10]"},
		{name: "the first free prefix", client: 7, mods: []mod{pd(1)}, want: "PD1[2001:db8:f00::/56]"},
		{name: "several at once", client: 7, mods: []mod{na(1), pd(1), na(2), pd(2)},
			want: "NA1[2001:db8:1::10] PD1[2001:db8:f00::/56] NA2[2001:db8:1::11] PD2[2001:db8:f00:100::/56]"},
		{name: "an IAID counts once", client: 7, mods: []mod{na(1), na(1)}, want: "NA1[2001:db8:1::10]"},
		{name: "nothing if it asks for nothing", client: 7, want: ""},
		{name: "not one of another client", before: []lease.Lease{of(1, 1, "2001:db8:1::10"), of(1, 1, "2001:db8:f00::/56")}, client: 7, mods: []mod{na(1), pd(1)},
			want: "NA1[2001:db8:1::11] PD1[2001:db8:f00:100::/56]"},
		{name: "its own", before: []lease.Lease{of(7, 1, "2001:db8:1::13"), of(7, 1, "2001:db8:f00:200::/56")}, client: 7, mods: []mod{na(1), pd(1)},
			want: "NA1[2001:db8:1::13] PD1[2001:db8:f00:200::/56]"},
		{name: "not its own of another IA", before: []lease.Lease{of(7, 2, "2001:db8:1::10")}, client: 7, mods: []mod{na(1)}, want: "NA1[2001:db8:1::11]"},
		{name: "not its own of an IA of the other type", before: []lease.Lease{of(7, 1, "2001:db8:f00:200::/56")}, client: 7, mods: []mod{na(1)}, want: "NA1[2001:db8:1::10]"},
		{name: "its own rather than the one it asks for", before: []lease.Lease{of(7, 1, "2001:db8:1::13")}, client: 7, mods: []mod{na(1, "2001:db8:1::11")}, want: "NA1[2001:db8:1::13]"},
		{name: "all that it has", before: []lease.Lease{of(7, 1, "2001:db8:1::11"), of(7, 1, "2001:db8:1::13")}, client: 7, mods: []mod{na(1)}, want: "NA1[2001:db8:1::11 2001:db8:1::13]"},
		{name: "its own of earlier", before: []lease.Lease{ended(7, 1, "2001:db8:1::13")}, client: 7, mods: []mod{na(1)}, want: "NA1[2001:db8:1::13]"},
		{name: "what it has rather than what it had", before: []lease.Lease{ended(7, 1, "2001:db8:1::11"), of(7, 1, "2001:db8:1::13")}, client: 7, mods: []mod{na(1)}, want: "NA1[2001:db8:1::13]"},
		{name: "the one it asks for", client: 7, mods: []mod{na(1, "2001:db8:1::12"), pd(1, "2001:db8:f00:200::/56")}, want: "NA1[2001:db8:1::12] PD1[2001:db8:f00:200::/56]"},
		{name: "not the one it asks for if it is taken", before: []lease.Lease{of(1, 1, "2001:db8:1::12"), of(1, 1, "2001:db8:f00:200::/56")}, client: 7, mods: []mod{na(1, "2001:db8:1::12"), pd(1, "2001:db8:f00:200::/56")},
			want: "NA1[2001:db8:1::10] PD1[2001:db8:f00::/56]"},
		{name: "not the one it asks for outside of the pools", client: 7, mods: []mod{na(1, "2001:db8:1::55"), pd(1, "2001:db8:e00::/56")}, want: "NA1[2001:db8:1::10] PD1[2001:db8:f00::/56]"},
		{name: "another's that has ended if it asks for it", before: []lease.Lease{ended(1, 1, "2001:db8:1::12")}, client: 7, mods: []mod{na(1, "2001:db8:1::12")}, want: "NA1[2001:db8:1::12]"},
		{name: "not a declined one", before: []lease.Lease{{Type: lease.NA, Addr: netip.MustParseAddr("2001:db8:1::10"), State: lease.Declined, CLTT: time.Now().Unix(), ValidLft: 600}}, client: 7, mods: []mod{na(1, "2001:db8:1::10")}, want: "NA1[2001:db8:1::11]"},
		{name: "not a registered one", before: []lease.Lease{{Type: lease.NA, Addr: netip.MustParseAddr("2001:db8:1::10"), ClientID: duid(7), State: lease.Registered, CLTT: time.Now().Unix(), ValidLft: 600}}, client: 7, mods: []mod{na(0, "2001:db8:1::10")}, want: "NA0[2001:db8:1::11]"},
		{name: "the reserved ones", more: reserved, client: 1, mods: []mod{na(1, "2001:db8:1::10"), na(2), na(3), pd(1), pd(2)},
			want: "NA1[2001:db8:1::12] NA2[2001:db8:1::99] NA3[2001:db8:1::10] PD1[2001:db8:f00:300::/56] PD2[2001:db8:f00::/56]"},
		{name: "the one reserved for its hardware", more: reserved, client: 2, mods: []mod{na(1)}, want: "NA1[2001:db8:1::77]"},
		{name: "the reserved one although it has another", more: reserved, before: []lease.Lease{of(2, 1, "2001:db8:1::10")}, client: 2, mods: []mod{na(1)}, want: "NA1[2001:db8:1::77]"},
		{name: "the reserved one that it has", more: reserved, before: []lease.Lease{of(1, 1, "2001:db8:1::99")}, client: 1, mods: []mod{na(1), na(2)}, want: "NA1[2001:db8:1::99] NA2[2001:db8:1::12]"},
		{name: "another if somebody has the reserved one", more: reserved, before: []lease.Lease{of(7, 1, "2001:db8:1::77")}, client: 2, mods: []mod{na(1)}, want: "NA1[2001:db8:1::10]"},
		{name: "not what is reserved for another", more: reserved, client: 7, mods: []mod{na(1, "2001:db8:1::12"), pd(1, "2001:db8:f00:300::/56")}, want: "NA1[2001:db8:1::10] PD1[2001:db8:f00::/56]"},
		{name: "not its own if reserved for another", more: reserved, before: []lease.Lease{of(7, 1, "2001:db8:1::12")}, client: 7, mods: []mod{na(1)}, want: "NA1[2001:db8:1::10]"},
		{name: "the last free ones but for reserved ones", more: reserved, before: []lease.Lease{of(3, 1, "2001:db8:1::10"), of(4, 1, "2001:db8:1::11"), of(5, 1, "2001:db8:1::13")}, client: 7, mods: []mod{na(1), pd(1)},
			want: "NA1[NoAddrsAvail] PD1[2001:db8:f00::/56]"},
		{name: "one left for two", before: []lease.Lease{of(3, 1, "2001:db8:1::10"), of(4, 1, "2001:db8:1::11"), of(5, 1, "2001:db8:1::13")}, client: 7, mods: []mod{na(1), na(2)},
			want: "NA1[2001:db8:1::12] NA2[NoAddrsAvail]"},
		{name: "none left", before: []lease.Lease{of(3, 1, "2001:db8:f00::/55"), of(4, 1, "2001:db8:f00:200::/55")}, client: 7, mods: []mod{pd(1)}, want: "PD1[NoPrefixAvail]"},
		{name: "not from a link without subnet", client: 7, mods: []mod{na(1), pd(1), onInterface("eth5"), from("fe80::1")}, want: "NA1[NoAddrsAvail] PD1[NoPrefixAvail]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, oneSubnet(c.more), nil)
			b.put(c.before...)
			want := "ADVERTISE"
			if c.want != "" {
				want += " " + c.want
			}
			require.Equal(t, want, short(b.ask(solicit, c.client, c.mods...)))
			require.Len(t, b.all(), len(c.before), "an advertisement stores nothing")
		})
	}
}
