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

// campus6 is a server, a backbone, and two LANs behind relay agents. Between
// the agent of the second LAN and the backbone is another agent.
type campus6 struct {
	*testnet.Net
	lans [2]*testnet.LAN
	*program
}

// newCampus6 makes the LANs 2001:db8:1::/64 and 2001:db8:2::/64. The agents
// send from a port of their own, if it is not 0. The second LAN's says "port 7".
func newCampus6(t testing.TB, config string, port uint16) *campus6 {
	t.Helper()
	n := testnet.New(t)
	backbone, middle := n.LAN(), n.LAN()
	c := &campus6{Net: n, lans: [2]*testnet.LAN{n.LAN(), n.LAN()}}
	server := n.Host("server")
	server.Join(backbone, "eth0", "2001:db8:f::1/64")
	agent := func(name string, up *testnet.LAN, addr string, down *testnet.LAN, r testnet.Relay6) {
		h := n.Host(name)
		h.Join(up, "eth0", addr+"/64")
		h.Join(down, "eth1", r.Addr.String()+"/64")
		r.Link, r.SourcePort = "eth1", port
		h.Relay6(r)
	}
	agent("relay0", backbone, "2001:db8:f::2", c.lans[0], testnet.Relay6{
		Addr:    netip.MustParseAddr("2001:db8:1::1"),
		Servers: []netip.Addr{netip.MustParseAddr("ff05::1:3").WithZone("eth0")},
	})
	agent("relay1", backbone, "2001:db8:f::3", middle, testnet.Relay6{
		Addr: netip.MustParseAddr("2001:db8:e::1"), InterfaceID: "trunk",
		Servers: []netip.Addr{netip.MustParseAddr("2001:db8:f::1")},
	})
	agent("relay2", middle, "2001:db8:e::2", c.lans[1], testnet.Relay6{
		Addr: netip.MustParseAddr("2001:db8:d::1"), InterfaceID: "port 7",
		Servers: []netip.Addr{netip.MustParseAddr("2001:db8:e::1")},
	})
	c.program = startProgram(t, n, server, config)
	return c
}

const campus6Config = `{
	"valid-lifetime": 30, "preferred-lifetime": 29, "renew-timer": 3, "rebind-timer": 20, "store-extended-info": true,
	"subnet6": [
		{"id": 1, "subnet": "2001:db8:1::/64", "pools": [{"pool": "2001:db8:1::100-2001:db8:1::199"}],
			"pd-pools": [{"prefix": "2001:db8:8000::", "prefix-len": 40, "delegated-len": 56}]},
		{"id": 2, "subnet": "2001:db8:2::/64", "interface-id": "port 7", "pools": [{"pool": "2001:db8:2::100-2001:db8:2::199"}],
			"pd-pools": [{"prefix": "2001:db8:9000::", "prefix-len": 40, "delegated-len": 56}]}]
}`

// The relay agent's address says which subnet a client is in or, two agents
// away, what the nearer one calls the interface.
func TestClients6BehindRelayAgents(t *testing.T) {
	for name, c := range client6Programs() {
		for agents, port := range map[string]uint16{"port 547": 0, "own ports": 10547} {
			t.Run(name+" "+agents, func(t *testing.T) {
				t.Parallel()
				testnet.Require(t, name)
				campus := newCampus6(t, campus6Config, port)
				ctx := within(t, 60*time.Second)
				for i, network := range []string{"2001:db8:1::", "2001:db8:2::"} {
					host := campus.Host(fmt.Sprintf("client%d", i))
					host.Join(campus.lans[i], "eth0")
					host.Join(campus.LAN(), "eth1")
					client := c.start(host)
					addr, prefix, _ := awaitBoth(ctx, client, testnet.Bound)
					require.Contains(t, addr.String(), network)
					require.Contains(t, prefix.String(), []string{"2001:db8:80", "2001:db8:90"}[i])
					lease := string(campus.command(ctx, "lease6-get", map[string]string{"ip-address": addr.String()}))
					require.Equal(t, i+1, strings.Count(lease, `"hop"`), "the relay agents' information: %s", lease)
					againAddr, againPrefix, _ := awaitBoth(ctx, client, testnet.Renew)
					require.Equal(t, addr, againAddr)
					require.Equal(t, prefix, againPrefix)
					client.Release(ctx)
					campus.awaitLeases(ctx)
				}
			})
		}
	}
}

// What is reserved comes with its name, options and prefixes, whatever the
// client is known by.
func TestReserved6(t *testing.T) {
	t.Parallel()
	testnet.Require(t, "dhcpcd")
	hw := "02:00:00:00:99:01"
	l := newLAN(t, oneSubnet6(""))
	ctx := within(t, 60*time.Second)
	client := l.router6("client")
	client.IP("link", "set", "eth0", "address", hw)
	c := client6Programs()["dhcpcd"].start(client) // dhclient goes on reporting what it has released
	addr, _, _ := awaitBoth(ctx, c, testnet.Bound)
	got, _ := l.lease(ctx, addr)
	c.Release(ctx)
	l.awaitLeases(ctx)

	for identifier, value := range map[string]string{"duid": got.DUID, "hw-address": hw} {
		l.configure(strings.Replace(oneSubnet6(""), `"pd-pools"`, fmt.Sprintf(`"reservations": [{%q: %q, "hostname": "reserved",
			"ip-addresses": ["2001:db8:1::20"], "prefixes": ["2001:db8:7000:100::/56"],
			"option-data": [{"name": "domain-search", "data": "reserved.example.org"}]}], "pd-pools"`, identifier, value), 1))
		l.command(ctx, "config-reload", nil)
		c.Restart()
		again, reserved, vars := awaitBoth(ctx, c, testnet.Bound)
		lease, found := l.lease(ctx, again)
		require.True(t, found)
		require.Equal(t, "reserved", lease.Hostname)
		require.Equal(t, "2001:db8:1::20", again.String())
		require.Equal(t, "2001:db8:7000:100::/56", reserved.String())
		require.Equal(t, "reserved.example.org", vars["new_dhcp6_domain_search"])
		c.Release(ctx)
		l.awaitLeases(ctx)
	}
}

// A thousand clients of perfdhcp, directly and through a relay agent: all get
// an address and a prefix, and all leases are there after a restart.
func TestPerfdhcp6(t *testing.T) {
	const clients, rate = 1000, 250
	check := func(ctx context.Context, t *testing.T, p *program, loads map[string]testnet.Load) {
		t.Helper()
		counts := func() (addresses, prefixes int) {
			return statistic(ctx, t, p.socket, "subnet[1].assigned-nas"), statistic(ctx, t, p.socket, "subnet[1].assigned-pds")
		}
		for _, exchange := range []string{"SOLICIT-ADVERTISE", "REQUEST-REPLY"} {
			l := loads[exchange]
			t.Logf("%s: %+v", exchange, l)
			require.Zero(t, l.Drops, exchange)
			require.Equal(t, l.Sent, l.Received, exchange)
		}
		replies := loads["REQUEST-REPLY"].Received
		require.InDelta(t, clients, replies, clients/10)
		for range 2 {
			addresses, prefixes := counts()
			require.Equal(t, replies, addresses)
			require.Equal(t, replies, prefixes)
			p.Kill()
			p.restart()
			p.awaitReady(ctx)
		}
	}
	args := []string{"-6", "-e", "address-and-prefix", "-r", fmt.Sprint(rate), "-n", fmt.Sprint(clients), "-R", fmt.Sprint(2 * clients), "-W", "3000000", "-l", "eth0"}
	for name, more := range map[string][]string{"direct": {"all"}, "relayed": {"-A", "1", "2001:db8:1::1"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testnet.Require(t, "perfdhcp")
			n := testnet.New(t)
			segment, server, load := n.LAN(), n.Host("server"), n.Host("load")
			server.Join(segment, "eth0", "2001:db8:1::1/64")
			load.Join(segment, "eth0", "2001:db8:1::2/64")
			p := startProgram(t, n, server, `{"valid-lifetime": 3000, "subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0",
				"pools": [{"pool": "2001:db8:1::1:0:0/96"}], "pd-pools": [{"prefix": "2001:db8:8000::", "prefix-len": 40, "delegated-len": 64}]}]}`)
			ctx := within(t, 60*time.Second)
			check(ctx, t, p, load.Perfdhcp(ctx, append(args, more...)...))
		})
	}
}
