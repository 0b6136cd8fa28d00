package serve

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func ethernet(index int, name string, addrs ...string) Link {
	l := Link{Index: index, Name: name, Up: true, MTU: 1500, HWLen: 6}
	for _, a := range addrs {
		l.Addrs = append(l.Addrs, netip.MustParsePrefix(a))
	}
	return l
}

func TestChooseIPv4(t *testing.T) {
	t.Parallel()
	down := ethernet(5, "eth3", "192.0.5.1/24")
	down.Up = false
	lo := Link{Index: 1, Name: "lo", Up: true, Loopback: true, Addrs: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/8")}}
	links := []Link{lo, ethernet(2, "eth0", "192.0.2.1/24", "192.0.3.1/24"), ethernet(3, "eth1", "192.0.4.1/24"), ethernet(4, "eth2"), down}
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
			served, missing := chosen(t, IPv4, tt.interfaces, links)
			require.Equal(t, tt.served, served)
			require.Equal(t, tt.missing, missing)
		})
	}
	_, missing := chosen(t, IPv4, []string{"*"}, []Link{lo, down})
	require.Equal(t, []string{"no interface is up and has an address"}, missing)
}

func TestBroadcasts(t *testing.T) {
	t.Parallel()
	got := ethernet(1, "eth0", "192.0.2.1/24", "10.1.2.3/12", "192.0.2.7/24", "198.51.100.1/31", "203.0.113.1/32").broadcasts()
	require.Equal(t, []netip.Addr{LimitedBroadcast(), netip.MustParseAddr("192.0.2.255"), netip.MustParseAddr("10.15.255.255")}, got)
}

func TestChooseIPv6(t *testing.T) {
	t.Parallel()
	down := ethernet(5, "eth3", "fe80::5/64")
	down.Up = false
	lo := Link{Index: 1, Name: "lo", Up: true, Loopback: true, Addrs: []netip.Prefix{netip.MustParsePrefix("::1/128")}}
	links := []Link{lo, ethernet(2, "eth0", "2001:db8::1/64", "fe80::2/64", "2001:db8::2/64"), ethernet(3, "eth1", "fe80::3/64"), ethernet(4, "eth2", "2001:db8:4::1/64"), down}
	tests := map[string]struct {
		interfaces []string
		served     map[string][]string
		missing    []string
	}{
		"wildcard":           {[]string{"*"}, map[string][]string{"eth0": {"fe80::2", "2001:db8::1", "2001:db8::2"}, "eth1": {"fe80::3"}}, nil},
		"name":               {[]string{"eth0"}, map[string][]string{"eth0": {"fe80::2", "2001:db8::1", "2001:db8::2"}}, nil},
		"address":            {[]string{"eth0/2001:db8::2"}, map[string][]string{"eth0": {"fe80::2", "2001:db8::2"}}, nil},
		"link-local address": {[]string{"eth0/fe80::2"}, map[string][]string{"eth0": {"fe80::2"}}, nil},
		"addresses":          {[]string{"eth0/2001:db8::2", "eth0/2001:db8::1"}, map[string][]string{"eth0": {"fe80::2", "2001:db8::2", "2001:db8::1"}}, nil},
		"loopback":           {[]string{"lo"}, map[string][]string{"lo": {"::1"}}, nil},
		"loopback's address": {[]string{"lo/::1"}, map[string][]string{"lo": {"::1"}}, nil},
		"what is missing": {[]string{"eth2", "eth3", "eth0/2001:db8::9", "lo/2001:db8::1"}, nil,
			[]string{"eth2 has no link-local address", "eth3 is down", "eth0 has no address 2001:db8::9", "lo has no address 2001:db8::1"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			served, missing := chosen(t, IPv6, tt.interfaces, links)
			require.Equal(t, tt.served, served)
			require.Equal(t, tt.missing, missing)
		})
	}
	_, missing := chosen(t, IPv6, []string{"*"}, []Link{lo, down})
	require.Equal(t, []string{"no interface is up and has a link-local address"}, missing)
}

// chosen applies selectors and gives the texts of what is served and missing.
func chosen(t *testing.T, f Family, interfaces []string, links []Link) (served map[string][]string, missing []string) {
	selectors, err := parseSelectors(f, interfaces)
	require.NoError(t, err)
	choices, errs := choose(f, selectors, links)
	for _, c := range choices {
		if served == nil {
			served = map[string][]string{}
		}
		for _, a := range c.Served {
			served[c.Name] = append(served[c.Name], a.String())
		}
	}
	for _, err := range errs {
		missing = append(missing, err.Error())
	}
	return served, missing
}

func TestSelectorsThatAreNone(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		family   Family
		selector string
		err      string
	}{
		{IPv4, "eth0/2001:db8::1", `interface "eth0/2001:db8::1": "2001:db8::1" is not an IPv4 address`},
		{IPv4, "eth0/0.0.0.0", `interface "eth0/0.0.0.0": "0.0.0.0" is not an IPv4 address`},
		{IPv6, "eth0/192.0.2.1", `interface "eth0/192.0.2.1": "192.0.2.1" is not an IPv6 address`},
		{IPv6, "eth0/::ffff:192.0.2.1", `interface "eth0/::ffff:192.0.2.1": "::ffff:192.0.2.1" is not an IPv6 address`},
		{IPv6, "eth0/fe80::1%eth0", `interface "eth0/fe80::1%eth0": "fe80::1%eth0" is not an IPv6 address`},
		{IPv6, "eth0/ff02::1:2", `interface "eth0/ff02::1:2": "ff02::1:2" is not an IPv6 address`},
		{IPv6, "*/2001:db8::1", `interface "*/2001:db8::1": an address goes with the name of one interface`},
		{IPv6, "", `interface "": no name`},
	} {
		_, err := parseSelectors(tt.family, []string{tt.selector})
		require.EqualError(t, err, tt.err)
	}
}
