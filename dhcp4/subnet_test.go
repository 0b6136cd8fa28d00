package dhcp4

import (
	"bytes"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// twoLinks has a subnet by interface address, one by interface name, one by
// relay agent, and a shared network.
const twoLinks = `"subnet4": [
	{"id": 1, "subnet": "192.0.2.0/24", "pools": [{"pool": "192.0.2.10-192.0.2.19"}]},
	{"id": 2, "subnet": "198.51.100.0/24", "interface": "eth1", "pools": [{"pool": "198.51.100.10-198.51.100.19"}]},
	{"id": 3, "subnet": "203.0.113.0/24", "relay": {"ip-addresses": ["10.9.9.9"]}, "pools": [{"pool": "203.0.113.10-203.0.113.19"}]}],
	"shared-networks": [{"name": "floor", "interface": "eth2", "relay": {"ip-addresses": ["10.8.8.8"]}, "subnet4": [
		{"id": 11, "subnet": "10.1.0.0/24", "pools": [{"pool": "10.1.0.10-10.1.0.11"}]},
		{"id": 12, "subnet": "10.2.0.0/24", "pools": [{"pool": "10.2.0.10-10.2.0.11"}]}]}]`

func TestSelectSubnet(t *testing.T) {
	t.Parallel()
	link := func(addr string) mod {
		return opt(optRelayInfo, append([]byte{relayLinkSelection, 4}, netip.MustParseAddr(addr).AsSlice()...)...)
	}
	source := func(addr string) mod {
		return func(q *Query) { q.Source = netip.AddrPortFrom(netip.MustParseAddr(addr), 68) }
	}
	for _, c := range []struct {
		name   string
		more   string
		mods   []mod
		subnet uint32
	}{
		{name: "address of the interface", subnet: 1},
		{name: "name of the interface", mods: []mod{onInterface("eth1", "192.0.2.1")}, subnet: 2},
		{name: "name of a network's interface", mods: []mod{onInterface("eth2", "192.0.2.1")}, subnet: 11},
		{name: "unknown interface", mods: []mod{onInterface("eth9", "172.16.0.1")}, subnet: 0},
		{name: "giaddr in the subnet", mods: []mod{relay("203.0.113.1")}, subnet: 3},
		{name: "giaddr of a known relay agent", mods: []mod{relay("10.9.9.9")}, subnet: 3},
		{name: "giaddr of a network's relay agent", mods: []mod{relay("10.8.8.8")}, subnet: 11},
		{name: "unknown giaddr", mods: []mod{relay("172.16.0.1")}, subnet: 0},
		{name: "link selection", mods: []mod{relay("192.0.2.2"), link("198.51.100.0")}, subnet: 2},
		{name: "link selection ignored", more: `, "compatibility": {"ignore-rai-link-selection": true}`, mods: []mod{relay("192.0.2.2"), link("198.51.100.0")}, subnet: 1},
		{name: "unknown link selection", mods: []mod{relay("192.0.2.2"), link("172.16.0.0")}, subnet: 0},
		{name: "subnet selection", mods: []mod{optAddr(optSubnetSelect, "203.0.113.0")}, subnet: 3},
		{name: "link before subnet selection", mods: []mod{relay("192.0.2.2"), link("198.51.100.0"), optAddr(optSubnetSelect, "203.0.113.0")}, subnet: 2},
		{name: "ciaddr of a renewing client", mods: []mod{ciaddr("198.51.100.9"), unicast}, subnet: 2},
		{name: "ciaddr of a rebinding client", mods: []mod{ciaddr("198.51.100.9")}, subnet: 1},
		{name: "source of a unicast query", mods: []mod{source("198.51.100.9"), unicast}, subnet: 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, twoLinks+c.more, nil)
			x := b.e.newExchange(incomingOf(queryOf(discover, 1, c.mods...)))
			x.classifyFirst()
			s := x.selectSubnet(x.allows)
			if c.subnet == 0 {
				require.Nil(t, s)
				return
			}
			require.NotNil(t, s)
			require.Equal(t, c.subnet, s.id)
		})
	}
}

// What is most easily forgotten, that a subnet be the interface's, is in the log.
func TestClientWithoutASubnetIsInTheLog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	b := newBench(t, twoLinks, &EngineOptions{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.Nil(t, b.ask(discover, 1, onInterface("eth9", "172.16.0.1")))
	require.Equal(t, 1, strings.Count(log.String(), "\n"), "once a query")
	require.Contains(t, log.String(), `level=WARN msg="no subnet for client"`)
	require.Contains(t, log.String(), "client.hw-address=02:00:00:00:00:01")
	require.Contains(t, log.String(), "interface=eth9")
	require.Contains(t, log.String(), `relay=""`)
	b.ask(discover, 1, relay("172.16.0.1"))
	require.Contains(t, log.String(), "relay=172.16.0.1")
}

// Where no link has a subnet the server looks well and serves nobody, which it
// tells; that a subnet is for other clients is as it was meant.
func TestLinkWithoutASubnetIsTold(t *testing.T) {
	t.Parallel()
	b := newBench(t, twoLinks, nil)
	b.lease(1)
	require.Zero(t, b.e.NoSubnet())
	before := time.Now()
	require.Nil(t, b.ask(discover, 1, onInterface("eth9", "172.16.0.1")))
	require.WithinRange(t, b.e.NoSubnet(), before, time.Now())
	require.EqualValues(t, 1, b.stat("v4-allocation-fail-no-subnet"))

	b = newBench(t, `"client-classes": [{"name": "guest", "test": "not member('ALL')"}], "subnet4": [{"id": 1, "subnet": "192.0.2.0/24",
		"client-class": "guest", "pools": [{"pool": "192.0.2.10-192.0.2.19"}]}]`, nil)
	require.Nil(t, b.ask(discover, 1))
	require.Zero(t, b.e.NoSubnet())
}

// In a shared network a client gets an address of any subnet, keeps what it
// has in whichever, and has one lease only.
func TestSharedNetwork(t *testing.T) {
	t.Parallel()
	b := newBench(t, twoLinks, nil)
	on := onInterface("eth2", "192.0.2.1")
	var addrs []string
	for client := range byte(4) {
		addrs = append(addrs, b.lease(client, on))
	}
	require.ElementsMatch(t, []string{"10.1.0.10", "10.1.0.11", "10.2.0.10", "10.2.0.11"}, addrs)
	require.Equal(t, "silence", short(b.ask(discover, 9, on)))
	require.EqualValues(t, 1, b.stat("v4-allocation-fail-shared-network"))
	for client, addr := range addrs {
		require.Equal(t, "OFFER "+addr, short(b.ask(discover, byte(client), on)))
		ack := b.ask(request, byte(client), on, ciaddr(addr))
		require.Equal(t, "ACK "+addr, short(ack))
		require.EqualValues(t, netip.MustParseAddr(addr).As4()[1]+10, b.stored(addr).SubnetID)
	}
	require.Len(t, collect(b), 4)
}

// A reservation leads to its subnet of the network.
func TestReservationInSharedNetwork(t *testing.T) {
	t.Parallel()
	b := newBench(t, `"shared-networks": [{"name": "floor", "interface": "eth0", "subnet4": [
		{"id": 11, "subnet": "10.1.0.0/24", "pools": [{"pool": "10.1.0.10-10.1.0.11"}]},
		{"id": 12, "subnet": "10.2.0.0/24", "pools": [{"pool": "10.2.0.10-10.2.0.11"}],
			"option-data": [{"name": "routers", "data": "10.2.0.1"}], "reservations": [
			{"hw-address": "02:00:00:00:00:01", "ip-address": "10.2.0.11"},
			{"hw-address": "02:00:00:00:00:02", "hostname": "two"}]}]}]`, nil)
	require.Equal(t, "10.2.0.11", b.lease(1))
	require.Equal(t, "10.2.0.10", b.lease(2))
	require.Equal(t, "two", b.stored("10.2.0.10").Hostname)
	require.Equal(t, []byte{10, 2, 0, 1}, b.ask(discover, 2).Options[optRouters])
}
