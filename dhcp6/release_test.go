package dhcp6

import (
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// RFC 9915, section 18.3.7.
func TestRelease(t *testing.T) {
	t.Parallel()
	have := []lease.Lease{of(7, 1, addr10), of(7, 1, prefix0), of(7, 2, addr11), of(1, 1, addr12)}
	for _, s := range []scene{
		{name: "what it has", mods: []mod{na(1, addr10), pd(1, prefix0)}, want: "REPLY Success", leases: map[string]byte{addr11: 7, addr12: 1}},
		{name: "one of several", mods: []mod{na(2, addr11)}, want: "REPLY Success", leases: map[string]byte{addr10: 7, prefix0: 7, addr12: 1}},
		{name: "nothing", mods: []mod{na(1)}, want: "REPLY Success", leases: map[string]byte{addr10: 7, prefix0: 7, addr11: 7, addr12: 1}},
		{name: "another's", mods: []mod{na(1, addr12)}, want: "REPLY Success", leases: map[string]byte{addr10: 7, prefix0: 7, addr11: 7, addr12: 1}},
		{name: "of another IA", mods: []mod{na(1, addr11)}, want: "REPLY Success", leases: map[string]byte{addr10: 7, prefix0: 7, addr11: 7, addr12: 1}},
		{name: "of an IA that is not known", mods: []mod{na(3, addr10), na(1, addr10), pd(2, prefix0)}, want: "REPLY NA3[NoBinding] PD2[NoBinding] Success", leases: map[string]byte{prefix0: 7, addr11: 7, addr12: 1}},
		{name: "from elsewhere", mods: []mod{onInterface("eth5"), na(1, addr10)}, want: "REPLY Success", leases: map[string]byte{prefix0: 7, addr11: 7, addr12: 1}},
		{name: "to another server", mods: []mod{na(1, addr10), toServer("00020000f3f002")}, want: "silence", leases: map[string]byte{addr10: 7, prefix0: 7, addr11: 7, addr12: 1}},
	} {
		s.typ, s.client, s.before = release, 7, have
		t.Run(s.name, s.play)
	}
}

// RFC 9915, section 18.3.8.
func TestDecline(t *testing.T) {
	t.Parallel()
	have := []lease.Lease{of(7, 1, addr10), of(7, 1, prefix0), of(7, 2, addr11), of(1, 1, addr12)}
	for _, s := range []scene{
		{name: "what it has", mods: []mod{na(1, addr10), na(2, addr11)}, want: "REPLY Success", leases: map[string]byte{addr10: 0, addr11: 0, prefix0: 7, addr12: 1}},
		{name: "another's", mods: []mod{na(1, addr12)}, want: "REPLY Success", leases: map[string]byte{addr10: 7, prefix0: 7, addr11: 7, addr12: 1}},
		{name: "of an IA that is not known", mods: []mod{na(3, addr10)}, want: "REPLY NA3[NoBinding] Success", leases: map[string]byte{addr10: 7, prefix0: 7, addr11: 7, addr12: 1}},
		{name: "a prefix", mods: []mod{pd(1, prefix0)}, want: "REPLY Success", leases: map[string]byte{addr10: 7, prefix0: 7, addr11: 7, addr12: 1}},
		{name: "to no server", mods: []mod{na(1, addr10), without(dhcpv6.OptionServerID)}, want: "silence", leases: map[string]byte{addr10: 7, prefix0: 7, addr11: 7, addr12: 1}},
	} {
		s.typ, s.client, s.before = decline, 7, have
		t.Run(s.name, s.play)
	}
}

func TestDeclinedLease(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet("", `, "decline-probation-period": 77`), nil)
	b.lease(7, na(1), fqdn(0, "\x02me\x03lan\x00"))
	require.Equal(t, "REPLY Success", short(b.ask(decline, 7, na(1, addr10))))
	l := b.stored(addr10)
	require.InDelta(t, time.Now().Unix(), l.CLTT, 5)
	require.Equal(t, lease.Lease{
		Type: lease.NA, Addr: l.Addr, IAID: 1, SubnetID: 1, CLTT: l.CLTT, ValidLft: 77, State: lease.Declined, Revision: l.Revision,
	}, *l)
	require.Equal(t, "REPLY NA1["+addr11+"]", short(b.ask(request, 7, na(1, addr10))), "nobody gets it, nor who declined it")
}
