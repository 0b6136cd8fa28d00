package dhcp4

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	down := ethernet(5, "eth3", "192.0.5.1/24")
	down.up = false
	lo := link{index: 1, name: "lo", up: true, loopback: true, addrs: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/8")}}
	links := []link{lo, ethernet(2, "eth0", "192.0.2.1/24", "192.0.3.1/24"), ethernet(3, "eth1", "192.0.4.1/24"), ethernet(4, "eth2"), down}
	tests := map[string]struct {
		interfaces []string
		served     map[string][]string
		missing    []string
	}{
		"wildcard":                {[]string{"*"}, map[string][]string{"eth0": {"192.0.2.1", "192.0.3.1"}, "eth1": {"192.0.4.1"}}, nil},
		"none":                    {nil, nil, []string{`no interface is named, so none is served; name some, or "*" for all`}},
		"wildcard and loopback":   {[]string{"*", "lo"}, map[string][]string{"lo": {"127.0.0.1"}, "eth0": {"192.0.2.1", "192.0.3.1"}, "eth1": {"192.0.4.1"}}, nil},
		"wildcard and an address": {[]string{"eth0/192.0.3.1", "*"}, map[string][]string{"eth0": {"192.0.3.1"}, "eth1": {"192.0.4.1"}}, nil},
		"names":                   {[]string{"eth1"}, map[string][]string{"eth1": {"192.0.4.1"}}, nil},
		"address twice":           {[]string{"eth0/192.0.3.1", "eth0/192.0.3.1", "eth0/192.0.2.1"}, map[string][]string{"eth0": {"192.0.3.1", "192.0.2.1"}}, nil},
		"loopback's network":      {[]string{"lo/127.1.2.3"}, map[string][]string{"lo": {"127.1.2.3"}}, nil},
		"what is missing": {[]string{"eth9", "eth2", "eth3", "eth0/192.0.2.9"}, nil,
			[]string{"eth9 does not exist", "eth2 has no address", "eth3 is down", "eth0 has no address 192.0.2.9"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			selectors, err := parseSelectors(tt.interfaces)
			require.NoError(t, err)
			choices, missing := choose(selectors, links)
			var served map[string][]string
			for _, c := range choices {
				if served == nil {
					served = map[string][]string{}
				}
				for _, a := range c.served {
					served[c.name] = append(served[c.name], a.String())
				}
			}
			require.Equal(t, tt.served, served)
			var texts []string
			for _, m := range missing {
				texts = append(texts, m.Error())
			}
			require.Equal(t, tt.missing, texts)
		})
	}
	selectors, err := parseSelectors([]string{"*"})
	require.NoError(t, err)
	_, missing := choose(selectors, []link{lo, down})
	require.Len(t, missing, 1)
	require.EqualError(t, missing[0], "no interface is up and has an address")
}

func TestBroadcasts(t *testing.T) {
	t.Parallel()
	got := ethernet(1, "eth0", "192.0.2.1/24", "10.1.2.3/12", "192.0.2.7/24", "198.51.100.1/31", "203.0.113.1/32").broadcasts()
	require.Equal(t, []netip.Addr{limitedBroadcast(), netip.MustParseAddr("192.0.2.255"), netip.MustParseAddr("10.15.255.255")}, got)
}
