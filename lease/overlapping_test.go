package lease

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

// Against a twin that looks at every lease.
func TestOverlapping(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	random := func() netip.Prefix {
		b := [16]byte{0x20, 0x01}
		b[15], b[14] = byte(rand.Uint32()), byte(rand.Uint32()&1) // few addresses, so that many overlap
		return netip.PrefixFrom(netip.AddrFrom16(b), 128-rand.IntN(11)).Masked()
	}
	for range 60 {
		l := Lease{Type: PD, Addr: random().Addr(), SubnetID: 1, ClientID: []byte{0, 3, 1}, ValidLft: 100}
		if p := random(); rand.IntN(2) == 0 {
			l.Type = NA
		} else {
			l.Addr, l.PrefixLen = p.Addr(), uint8(p.Bits())
		}
		require.NoError(t, s.Commit(t.Context(), Change{Lease: l}))
	}
	for range 2000 {
		p := random()
		var want, got []Key
		for l := range s.All() {
			if l.prefix().Overlaps(p) {
				want = append(want, l.Key())
			}
		}
		for l := range s.Overlapping(p) {
			got = append(got, l.Key())
		}
		require.ElementsMatch(t, want, got, p)
	}
	for range s.Overlapping(netip.MustParsePrefix("10.0.0.0/8")) {
		t.Fatal("there are none of DHCPv4")
	}
}
