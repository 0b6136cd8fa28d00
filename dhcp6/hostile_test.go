package dhcp6

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// Nobody gives back, or declines, what another has: who has another DUID,
// whatever else the message says.
func TestSpoofedReleasesAndDeclines(t *testing.T) {
	t.Parallel()
	b := newBench(t, oneSubnet(), nil)
	b.lease(7, na(1), pd(2))
	b.lease(8, na(1))
	before := b.all()
	require.Len(t, before, 3)
	var addrs, prefixes []string
	for _, l := range before {
		if l.Type == lease.NA {
			addrs = append(addrs, l.Addr.String())
		} else {
			prefixes = append(prefixes, prefixOf(&l).String())
		}
	}
	require.Len(t, addrs, 2)
	for client := range byte(50) {
		for iaid := range uint32(4) {
			for _, link := range []string{"eth0", "eth5"} {
				mods := []mod{onInterface(link), na(iaid, addrs...), pd(iaid, prefixes...)}
				b.ask(release, 100+client, mods...)
				b.ask(decline, 100+client, mods...)
			}
		}
	}
	require.Equal(t, before, b.all())
	// What one of them has, the other does not give back either.
	b.ask(release, 7, na(1, addrs...))
	left := b.all()
	require.Len(t, left, 2)
	for _, l := range left {
		require.True(t, l.Type == lease.PD || string(l.ClientID) == string(duid(8)))
	}
}
