package main

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// oneSubnet6 is [oneSubnet] for DHCPv6, with prefixes to delegate.
func oneSubnet6(members string) string {
	return `{` + members + `
		"valid-lifetime": 3000, "preferred-lifetime": 2000, "renew-timer": 1000, "rebind-timer": 1500,
		"subnet6": [{"id": 7, "subnet": "2001:db8:1::/64", "interface": "eth0", "pools": [{"pool": "2001:db8:1::100-2001:db8:1::199"}],
			"pd-pools": [{"prefix": "2001:db8:8000::", "prefix-len": 40, "delegated-len": 56}],
			"option-data": [
				{"name": "dns-servers", "data": "2001:db8::53, 2001:db8::54"},
				{"name": "domain-search", "data": "example.org"}]}]}`
}

// inSeconds replaces the timers of a configuration: the lifetime is half a
// minute, and the preferred one as good as that.
func inSeconds(config string, renew, rebind int) string {
	return strings.NewReplacer("3000", "30", "2000", "29", "1000", fmt.Sprint(renew), "1500", fmt.Sprint(rebind)).Replace(config)
}

// client6Program is how the tests drive one of the real clients. Each wants an
// address and a prefix.
type client6Program struct {
	start func(*testnet.Host) *testnet.Client
	vars  map[string]string // what its script is told
	again []string          // what it reports after a restart
}

func client6Programs() map[string]client6Program {
	return map[string]client6Program{
		"dhclient": {
			start: func(h *testnet.Host) *testnet.Client { return h.Dhclient6("eth0", "-N", "-P") },
			vars: map[string]string{
				"new_renew": "1000", "new_rebind": "1500", "new_preferred_life": "2000", "new_max_life": "3000",
				"new_dhcp6_name_servers": "2001:db8::53 2001:db8::54", "new_dhcp6_domain_search": "example.org.",
			},
			again: []string{testnet.Rebind, testnet.Reboot},
		},
		"dhcpcd": {
			start: func(h *testnet.Host) *testnet.Client {
				return h.Dhcpcd6("eth0", "ia_na 1", "ia_pd 2 eth1/1", "option dhcp6_name_servers, dhcp6_domain_search")
			},
			vars: map[string]string{
				"new_dhcp6_ia_na1_t1": "1000", "new_dhcp6_ia_na1_t2": "1500",
				"new_dhcp6_ia_na1_ia_addr1_pltime": "2000", "new_dhcp6_ia_na1_ia_addr1_vltime": "3000",
				"new_dhcp6_ia_pd1_prefix1_pltime": "2000", "new_dhcp6_ia_pd1_prefix1_vltime": "3000",
				"new_dhcp6_name_servers": "2001:db8::53 2001:db8::54", "new_dhcp6_domain_search": "example.org",
			},
			again: []string{testnet.Rebind, testnet.Reboot},
		},
		"dhcp6c": {
			start: func(h *testnet.Host) *testnet.Client {
				return h.Dhcp6c("eth0", `interface eth0 { send ia-na 1; send ia-pd 2; request domain-name-servers, domain-name; script "/bin/true"; };
					id-assoc na 1 { }; id-assoc pd 2 { prefix-interface eth1 { sla-id 1; sla-len 8; }; };`)
			},
			again: []string{testnet.Bound}, // it remembers nothing
		},
	}
}

// awaitBoth waits until a client has reported an address and a prefix, by one
// event or by two.
func awaitBoth(ctx context.Context, c *testnet.Client, kinds ...string) (addr netip.Addr, prefix netip.Prefix, vars map[string]string) {
	for !addr.IsValid() || !prefix.IsValid() {
		e := c.Await(ctx, kinds...)
		if e.Addr.IsValid() {
			addr = e.Addr
		}
		if e.Prefix.IsValid() {
			prefix = e.Prefix
		}
		vars = e.Vars
	}
	return addr, prefix, vars
}

// router6 is a host on the segment that is to become a router.
func (l *lan) router6(name string) *testnet.Host {
	l.t.Helper()
	h := l.client(name)
	h.Join(l.LAN(), "eth1")
	return h
}

func TestClients6GetAndRelease(t *testing.T) {
	for name, c := range client6Programs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testnet.Require(t, name)
			l := newLAN(t, oneSubnet6(""))
			ctx := within(t, 60*time.Second)
			host := l.router6("client")
			client := c.start(host)
			addr, prefix, vars := awaitBoth(ctx, client, testnet.Bound)
			for name, want := range c.vars {
				require.Equal(t, want, vars[name], name)
			}
			require.Equal(t, 56, prefix.Bits())
			na, found := l.lease(ctx, addr)
			require.True(t, found)
			require.Equal(t, leaseInfo{
				Addr: addr, HWAddr: host.HWAddr("eth0").String(), SubnetID: 7, CLTT: na.CLTT, ValidLft: 3000,
				Type: "IA_NA", DUID: na.DUID, IAID: na.IAID, PreferredLft: 2000,
			}, na)
			require.InDelta(t, time.Now().Unix(), na.CLTT, 5)
			pd, found := l.leaseOf(ctx, prefix)
			require.True(t, found)
			require.Equal(t, leaseInfo{
				Addr: prefix.Addr(), HWAddr: na.HWAddr, SubnetID: 7, CLTT: pd.CLTT, ValidLft: 3000,
				Type: "IA_PD", PrefixLen: 56, DUID: na.DUID, IAID: pd.IAID, PreferredLft: 2000,
			}, pd)

			otherAddr, otherPrefix, _ := awaitBoth(ctx, c.start(l.router6("other")), testnet.Bound)
			require.NotEqual(t, addr, otherAddr)
			require.NotEqual(t, prefix, otherPrefix)

			client.Restart()
			againAddr, againPrefix, _ := awaitBoth(ctx, client, c.again...)
			require.Equal(t, addr, againAddr)
			require.Equal(t, prefix, againPrefix)
			client.Release(ctx)
			l.awaitLeases(ctx, netip.PrefixFrom(otherAddr, 128), otherPrefix)
		})
	}
}

// awaitLeases waits until there are leases of just these addresses and
// prefixes.
func (p *program) awaitLeases(ctx context.Context, want ...netip.Prefix) {
	p.t.Helper()
	testnet.Until(ctx, p.t, fmt.Sprintf("the leases are %v", want), func() error {
		found := p.allLeases(ctx)
		for _, prefix := range want {
			if _, ok := p.leaseOf(ctx, prefix); !ok {
				return fmt.Errorf("there is none of %v", prefix)
			}
		}
		if len(found) != len(want) {
			return fmt.Errorf("they are %v", found)
		}
		return nil
	})
}

func TestClients6Renew(t *testing.T) {
	for name, c := range client6Programs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testnet.Require(t, name)
			l := newLAN(t, inSeconds(oneSubnet6(""), 3, 20))
			ctx := within(t, 60*time.Second)
			client := c.start(l.router6("client"))
			addr, prefix, _ := awaitBoth(ctx, client, testnet.Bound)
			first, found := l.leaseOf(ctx, prefix)
			require.True(t, found)
			renewedAddr, renewedPrefix, _ := awaitBoth(ctx, client, testnet.Renew)
			require.Equal(t, addr, renewedAddr)
			require.Equal(t, prefix, renewedPrefix)
			for _, p := range []netip.Prefix{netip.PrefixFrom(addr, 128), prefix} {
				testnet.Until(ctx, t, "the lease is prolonged", func() error {
					if l, _ := l.leaseOf(ctx, p); l.CLTT <= first.CLTT {
						return fmt.Errorf("it is %+v", l)
					}
					return nil
				})
			}
		})
	}
}

// The server that gave the leases is another one when they are to be renewed:
// it answers only when any server is asked.
func TestClients6Rebind(t *testing.T) {
	for _, name := range []string{"dhclient", "dhcpcd"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testnet.Require(t, name)
			config := inSeconds(oneSubnet6(""), 3, 6)
			l := newLAN(t, config)
			ctx := within(t, 60*time.Second)
			client := client6Programs()[name].start(l.router6("client"))
			addr, prefix, _ := awaitBoth(ctx, client, testnet.Bound)
			l.configure(strings.Replace(config, "{", `{"server-id": {"type": "EN", "enterprise-id": 32473, "identifier": "77"},`, 1))
			l.restart()
			l.awaitReady(ctx)
			againAddr, againPrefix, _ := awaitBoth(ctx, client, testnet.Rebind)
			require.Equal(t, addr, againAddr)
			require.Equal(t, prefix, againPrefix)
		})
	}
}

// A client whose link was down asks whether its address is still right. It is,
// or it is on another network, where it gets another.
func TestClients6Confirm(t *testing.T) {
	programs := map[string]func(*testnet.Host) *testnet.Client{
		"dhclient": func(h *testnet.Host) *testnet.Client { return h.Dhclient6("eth0") },
		"dhcpcd":   func(h *testnet.Host) *testnet.Client { return h.Dhcpcd6("eth0") },
	}
	for name, start := range programs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testnet.Require(t, name)
			n := testnet.New(t)
			server, first, second := n.Host("server"), n.LAN(), n.LAN()
			server.Join(first, "eth0", "2001:db8:1::1/64")
			server.Join(second, "eth1", "2001:db8:2::1/64")
			p := startProgram(t, n, server, `{"interfaces-config": {"interfaces": ["*"]}, "subnet6": [
				{"id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0", "pools": [{"pool": "2001:db8:1::100-2001:db8:1::199"}]},
				{"id": 2, "subnet": "2001:db8:2::/64", "interface": "eth1", "pools": [{"pool": "2001:db8:2::100-2001:db8:2::199"}]}]}`)
			ctx := within(t, 60*time.Second)
			host := n.Host("client")
			host.Join(first, "eth0")
			client := start(host)
			bound := client.Await(ctx, testnet.Bound)
			require.Contains(t, bound.Addr.String(), "2001:db8:1::")
			client.Kill()
			host.Down("eth0")
			host.Up("eth0")
			client.Restart()
			require.Equal(t, bound.Addr, client.Await(ctx, testnet.Reboot, testnet.Bound).Addr) // dhclient says that it is bound
			require.Equal(t, 1, statistic(ctx, t, p.socket, "pkt6-confirm-received"))

			client.Kill()
			hw := host.HWAddr("eth0")
			host.Leave("eth0")
			host.Join(second, "eth0")
			host.IP("link", "set", "eth0", "address", hw.String())
			client.Restart()
			moved := client.Await(ctx, testnet.Bound)
			require.Contains(t, moved.Addr.String(), "2001:db8:2::")
			require.Equal(t, 2, statistic(ctx, t, p.socket, "pkt6-confirm-received"))
		})
	}
}

// The kernel of dhclient's host finds the address in use: it is declined, kept
// from use, and another one given.
func TestDecline6(t *testing.T) {
	t.Parallel()
	testnet.Require(t, "dhclient")
	l := newLAN(t, oneSubnet6(`"decline-probation-period": 1234,`))
	ctx := within(t, 60*time.Second)
	squatter, host := l.Host("squatter"), l.client("client")
	squatter.Join(l.segment, "eth0", "2001:db8:1::100/64")
	host.Sysctl("net/ipv6/conf/eth0/accept_dad", "1")
	client := host.Dhclient6("eth0")
	taken := client.Await(ctx, testnet.Decline).Addr
	require.Equal(t, "2001:db8:1::100", taken.String())
	require.NotEqual(t, taken, client.Await(ctx, testnet.Bound).Addr)
	declined, _ := l.lease(ctx, taken)
	require.Equal(t, leaseInfo{
		Addr: taken, SubnetID: 7, CLTT: declined.CLTT, ValidLft: 1234, State: 1,
		Type: "IA_NA", DUID: declined.DUID, IAID: declined.IAID,
	}, declined)
	for name, want := range map[string]int{"declined-addresses": 1, "subnet[7].declined-addresses": 1, "pkt6-decline-received": 1} {
		require.Equal(t, want, statistic(ctx, t, l.socket, name), name)
	}
}

// Whoever wants several addresses and prefixes gets all, renews all, and gives
// all back.
func TestSeveralAssociations(t *testing.T) {
	t.Parallel()
	testnet.Require(t, "dhclient")
	l := newLAN(t, inSeconds(oneSubnet6(""), 3, 20))
	ctx := within(t, 60*time.Second)
	client := l.client("client").Dhclient6("eth0", "-N", "-N", "-N", "-P", "-P")
	all := func(kind string) map[netip.Prefix]bool {
		got := map[netip.Prefix]bool{}
		for range 5 {
			e := client.Await(ctx, kind)
			if e.Addr.IsValid() {
				e.Prefix = netip.PrefixFrom(e.Addr, 128)
			}
			got[e.Prefix] = true
		}
		require.Len(t, got, 5)
		return got
	}
	bound := all(testnet.Bound)
	require.Equal(t, bound, all(testnet.Renew))
	require.Len(t, l.allLeases(ctx), 5)
	for p := range bound {
		_, found := l.leaseOf(ctx, p)
		require.True(t, found, p)
	}
	client.Release(ctx)
	l.awaitLeases(ctx)
}
