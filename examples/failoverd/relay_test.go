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

// campus is a server, a backbone, and two LANs behind relay agents, which are
// their routers too.
type campus struct {
	*testnet.Net
	server *testnet.Host
	relays [2]*testnet.Host
	lans   [2]*testnet.LAN
	*program
}

// newCampus makes the LANs 192.0.2.0/24 and 203.0.113.0/24; server and routers
// are at 198.51.100.1, .2 and .3. The agents name the circuits "lan-0" and
// "lan-1".
func newCampus(t testing.TB, config string) *campus {
	t.Helper()
	n := testnet.New(t)
	backbone := n.LAN()
	c := &campus{Net: n, server: n.Host("server")}
	c.server.Join(backbone, "eth0", "198.51.100.1/24")
	for i, router := range []string{"192.0.2.1", "203.0.113.1"} {
		c.lans[i], c.relays[i] = n.LAN(), n.Host(fmt.Sprintf("relay%d", i))
		up := fmt.Sprintf("198.51.100.%d", 2+i)
		c.relays[i].Join(backbone, "eth0", up+"/24")
		c.relays[i].Join(c.lans[i], "eth1", router+"/24")
		c.server.Route(router[:len(router)-1]+"0/24", up)
		c.relays[i].Forward()
		circuit := fmt.Sprintf("lan-%d", i)
		c.relays[i].Relay4("eth1", netip.MustParseAddr(router), append([]byte{1, byte(len(circuit))}, circuit...), netip.MustParseAddr("198.51.100.1"))
	}
	c.program = startProgram(t, n, c.server, config)
	return c
}

const campusConfig = `{
	"valid-lifetime": 3000, "renew-timer": 2, "rebind-timer": 2000, "store-extended-info": true, "authoritative": true,
	"option-data": [{"name": "domain-name", "data": "example.org"}],
	"subnet4": [
		{"id": 1, "subnet": "192.0.2.0/24", "pools": [{"pool": "192.0.2.100-192.0.2.199"}],
			"option-data": [{"name": "routers", "data": "192.0.2.1"}]},
		{"id": 2, "subnet": "203.0.113.0/24", "pools": [{"pool": "203.0.113.100-203.0.113.199"}],
			"option-data": [{"name": "routers", "data": "203.0.113.1"}]}]
}`

// The relay agent's address says which subnet a client is in; it renews through
// the router, by unicast.
func TestClientsBehindRelayAgents(t *testing.T) {
	for _, name := range []string{"dhclient", "udhcpc", "dhcpcd"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testnet.Require(t, name)
			c := newCampus(t, campusConfig)
			ctx := within(t, 60*time.Second)
			for i, network := range []string{"192.0.2.", "203.0.113."} {
				host := c.Host(fmt.Sprintf("client%d", i))
				host.Join(c.lans[i], "eth0")
				client := clientPrograms()[name].start(host)
				bound := client.Await(ctx, testnet.Bound)
				require.Contains(t, bound.Addr.String(), network)
				require.Equal(t, netip.MustParseAddr("198.51.100.1"), bound.Server)
				lease := string(c.command(ctx, "lease4-get", map[string]string{"ip-address": bound.Addr.String()}))
				require.Contains(t, lease, fmt.Sprintf("0x01056C616E2D3%d", i), "the relay agent's information")
				first, _ := c.lease(ctx, bound.Addr)
				if name == "udhcpc" { // it renews after half the lifetime, or when told
					testnet.Until(ctx, t, "a second has passed", func() error {
						if time.Now().Unix() <= first.CLTT {
							return fmt.Errorf("it is %d", first.CLTT)
						}
						return nil
					})
					client.Signal("USR1")
				}
				require.Equal(t, bound.Addr, client.Await(ctx, testnet.Renew).Addr)
				c.awaitLease(ctx, bound.Addr, "the lease is prolonged", func(l leaseInfo, _ bool) bool { return l.CLTT > first.CLTT })
				client.Release(ctx)
				c.awaitLease(ctx, bound.Addr, "the lease is gone", func(_ leaseInfo, found bool) bool { return !found })
			}
		})
	}
}

// What is reserved comes with its name and options, whatever the client is
// known by.
func TestReserved(t *testing.T) {
	t.Parallel()
	testnet.Require(t, "dhclient", "udhcpc")
	hw := "02:00:00:00:99:01"
	c := newCampus(t, strings.Replace(campusConfig, `"subnet4": [
		{"id": 1,`, `"host-reservation-identifiers": ["hw-address", "client-id", "circuit-id"], "subnet4": [{"id": 1, "reservations": [
		{"hw-address": "`+hw+`", "ip-address": "192.0.2.20", "hostname": "by-hw"},
		{"client-id": "00:66:6f:6f", "ip-address": "192.0.2.21", "hostname": "by-id", "boot-file-name": "x.img",
			"option-data": [{"name": "domain-name", "data": "reserved.example.org"}]},
		{"circuit-id": "'lan-0'", "ip-address": "192.0.2.22", "hostname": "by-circuit"}],`, 1))
	ctx := within(t, 60*time.Second)

	host := func(name string) *testnet.Host {
		h := c.Host(name)
		h.Join(c.lans[0], "eth0")
		return h
	}
	byHW := host("hw")
	byHW.IP("link", "set", "eth0", "address", hw)
	got := byHW.Dhclient("eth0").Await(ctx, testnet.Bound)
	require.Equal(t, "192.0.2.20", got.Addr.String())
	require.Equal(t, "by-hw", got.Vars["new_host_name"])
	require.Equal(t, "example.org", got.Vars["new_domain_name"])

	// Circuits, which all clients share, come last.
	got = host("id").Udhcpc("eth0", "-x", "61:00666f6f", "-O", "bootfile").Await(ctx, testnet.Bound)
	require.Equal(t, "192.0.2.21", got.Addr.String())
	require.Equal(t, "by-id", got.Vars["hostname"])
	require.Equal(t, "reserved.example.org", got.Vars["domain"])
	require.Equal(t, "x.img", got.Vars["boot_file"])

	got = host("circuit").Udhcpc("eth0").Await(ctx, testnet.Bound)
	require.Equal(t, "192.0.2.22", got.Addr.String())
	require.Equal(t, "by-circuit", got.Vars["hostname"])

	for addr, name := range map[string]string{"192.0.2.20": "by-hw", "192.0.2.21": "by-id", "192.0.2.22": "by-circuit"} {
		l, found := c.lease(ctx, netip.MustParseAddr(addr))
		require.True(t, found, addr)
		require.Equal(t, name, l.Hostname)
	}
}

// A thousand clients of perfdhcp, directly and through a relay agent: all get
// a lease, and all leases are there after a restart.
func TestPerfdhcp(t *testing.T) {
	const clients, rate = 1000, 250
	count := func(ctx context.Context, p *program) int {
		return statistic(ctx, t, p.socket, "assigned-addresses")
	}
	check := func(ctx context.Context, t *testing.T, p *program, loads map[string]testnet.Load) {
		t.Helper()
		for _, exchange := range []string{"DISCOVER-OFFER", "REQUEST-ACK"} {
			l := loads[exchange]
			t.Logf("%s: %+v", exchange, l)
			require.Zero(t, l.Drops, exchange)
			require.Equal(t, l.Sent, l.Received, exchange)
		}
		acks := loads["REQUEST-ACK"].Received
		require.InDelta(t, clients, acks, clients/10)
		require.Equal(t, acks, count(ctx, p))
		p.Kill()
		p.restart()
		p.awaitReady(ctx)
		require.Equal(t, acks, count(ctx, p))
	}
	// perfdhcp sends so many a second until it has sent so many or, on a busy
	// machine, some more, all of other clients, and then waits so long (µs) for
	// the rest.
	args := []string{"-4", "-r", fmt.Sprint(rate), "-n", fmt.Sprint(clients), "-R", fmt.Sprint(2 * clients), "-W", "3000000"}
	config := `{"valid-lifetime": 3000, "subnet4": [{"id": 1, "subnet": "10.0.0.0/8", "pools": [{"pool": "10.1.0.0/16"}]}]}`

	t.Run("direct", func(t *testing.T) {
		t.Parallel()
		testnet.Require(t, "perfdhcp")
		n := testnet.New(t)
		segment, server, load := n.LAN(), n.Host("server"), n.Host("load")
		server.Join(segment, "eth0", "10.0.0.1/8")
		load.Join(segment, "eth0", "10.0.0.2/8")
		p := startProgram(t, n, server, config)
		ctx := within(t, 60*time.Second)
		check(ctx, t, p, load.Perfdhcp(ctx, append(args, "-l", "eth0", "-B")...))
	})
	t.Run("relayed", func(t *testing.T) {
		t.Parallel()
		testnet.Require(t, "perfdhcp")
		n := testnet.New(t)
		segment, server, load := n.LAN(), n.Host("server"), n.Host("load")
		server.Join(segment, "eth0", "198.51.100.1/24")
		load.Join(segment, "eth0", "198.51.100.2/24", "10.0.0.1/8")
		server.Route("10.0.0.0/8", "198.51.100.2")
		p := startProgram(t, n, server, config)
		ctx := within(t, 60*time.Second)
		check(ctx, t, p, load.Perfdhcp(ctx, append(args, "-l", "10.0.0.1", "198.51.100.1")...)) // it says giaddr 10.0.0.1
	})
}
