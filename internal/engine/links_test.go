package engine

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/conf"
)

// The index finds what looking at each subnet would.
func TestLinks(t *testing.T) {
	t.Parallel()
	type subnet struct {
		Site[subnet, testHost]
		prefix netip.Prefix
	}
	r := rand.New(rand.NewPCG(1, 2))
	addr := func() netip.Addr {
		return netip.AddrFrom4([4]byte{10, byte(r.IntN(3)), byte(r.IntN(3)), byte(r.IntN(8))})
	}
	ifaces := []string{"", "eth0", "eth1"}
	for range 200 {
		var subnets []*subnet
		for range r.IntN(12) {
			s := &subnet{prefix: netip.PrefixFrom(addr(), []int{8, 16, 24, 30, 32}[r.IntN(5)]).Masked()}
			level := Level{Guard: &conf.Guard{}, Relay: &conf.Relay{}, Interface: ifaces[r.IntN(3)]}
			for range r.IntN(3) {
				level.Relay.IPAddresses = append(level.Relay.IPAddresses, addr())
			}
			s.Set(level)
			subnets = append(subnets, s)
		}
		l := NewLinks(subnets, func(s *subnet) *Site[subnet, testHost] { return &s.Site }, func(s *subnet) netip.Prefix { return s.prefix })
		for range 50 {
			a, name := addr(), ifaces[r.IntN(3)]
			allowed := map[*subnet]bool{}
			for _, s := range subnets {
				allowed[s] = r.IntN(3) > 0
			}
			ok := func(s *subnet) bool { return allowed[s] }
			where := func(matches func(*subnet) bool) *subnet {
				return Find(subnets, func(s *subnet) bool { return matches(s) && ok(s) })
			}
			require.Same(t, where(func(s *subnet) bool { return s.prefix.Contains(a) }), l.OfAddress(a, ok))
			require.Same(t, where(func(s *subnet) bool { return slices.Contains(s.relays, a) }), l.OfRelay(a, ok))
			require.Same(t, where(func(s *subnet) bool { return name != "" && s.iface == name }), l.OfInterface(name, ok))
		}
	}
	l := NewLinks([]*subnet{{prefix: netip.MustParsePrefix("fe80::/64")}}, func(s *subnet) *Site[subnet, testHost] { return &s.Site }, func(s *subnet) netip.Prefix { return s.prefix })
	all := func(*subnet) bool { return true }
	require.NotNil(t, l.OfAddress(netip.MustParseAddr("fe80::1"), all))
	require.Nil(t, l.OfAddress(netip.MustParseAddr("fe80::1%eth0"), all))
	require.Nil(t, l.OfAddress(netip.MustParseAddr("10.0.0.1"), all), "another family")
	require.Nil(t, l.OfAddress(netip.Addr{}, all))
}
