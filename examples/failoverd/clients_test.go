package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// oneSubnet is a configuration with a subnet 192.0.2.0/24 and the options that
// the tests look for. Members come first in it.
func oneSubnet(members string) string {
	return `{` + members + `
		"valid-lifetime": 3000, "renew-timer": 1000, "rebind-timer": 2000,
		"subnet4": [{"id": 7, "subnet": "192.0.2.0/24", "pools": [{"pool": "192.0.2.100-192.0.2.199"}],
			"option-data": [
				{"name": "routers", "data": "192.0.2.1"},
				{"name": "domain-name-servers", "data": "192.0.2.53, 198.51.100.53"},
				{"name": "domain-name", "data": "example.org"},
				{"name": "ntp-servers", "data": "192.0.2.123", "always-send": true}]}]}`
}

// lan is a network of one segment with failoverd, 192.0.2.1 or 2001:db8:1::1, on
// it.
type lan struct {
	*testnet.Net
	segment *testnet.LAN
	server  *testnet.Host
	*program
}

func newLAN(t testing.TB, config string) *lan {
	t.Helper()
	n := testnet.New(t)
	l := &lan{Net: n, segment: n.LAN(), server: n.Host("server")}
	l.server.Join(l.segment, "eth0", map[int]string{4: "192.0.2.1/24", 6: "2001:db8:1::1/64"}[familyOf(config)])
	l.program = startProgram(t, n, l.server, config)
	return l
}

// client is a host on the segment without an address.
func (l *lan) client(name string) *testnet.Host {
	l.t.Helper()
	h := l.Host(name)
	h.Join(l.segment, "eth0")
	return h
}

// leaseInfo is a lease as lease4-get and lease6-get show it.
type leaseInfo struct {
	Addr     netip.Addr `json:"ip-address"`
	HWAddr   string     `json:"hw-address"`
	ClientID string     `json:"client-id"`
	Hostname string     `json:"hostname"`
	SubnetID int        `json:"subnet-id"`
	CLTT     int64      `json:"cltt"`
	ValidLft int64      `json:"valid-lft"`
	State    int        `json:"state"`

	// Of DHCPv6 only.
	Type         string `json:"type"`
	PrefixLen    int    `json:"prefix-len"`
	DUID         string `json:"duid"`
	IAID         uint32 `json:"iaid"`
	PreferredLft int64  `json:"preferred-lft"`
}

// lease returns the lease of an address, or false if there is none.
func (p *program) lease(ctx context.Context, addr netip.Addr) (leaseInfo, bool) {
	p.t.Helper()
	return p.leaseOf(ctx, netip.PrefixFrom(addr, addr.BitLen()))
}

// leaseOf is lease for delegated prefixes too.
func (p *program) leaseOf(ctx context.Context, prefix netip.Prefix) (leaseInfo, bool) {
	p.t.Helper()
	var l leaseInfo
	args := map[string]any{"ip-address": prefix.Addr().String()}
	if !prefix.IsSingleIP() {
		args["type"] = "IA_PD"
	}
	r, err := call(ctx, p.socket, p.named("lease%d-get"), args)
	require.NoError(p.t, err)
	if r.Result == 3 {
		return l, false
	}
	require.Zero(p.t, r.Result, r.Text)
	require.NoError(p.t, json.Unmarshal(r.Arguments, &l))
	return l, true
}

func (p *program) awaitLease(ctx context.Context, addr netip.Addr, what string, ok func(l leaseInfo, found bool) bool) {
	p.t.Helper()
	testnet.Until(ctx, p.t, what, func() error {
		if l, found := p.lease(ctx, addr); !ok(l, found) {
			return fmt.Errorf("found %t, it is %+v", found, l)
		}
		return nil
	})
}

// clientProgram is how the tests drive one of the real clients.
type clientProgram struct {
	start func(*testnet.Host) *testnet.Client
	vars  map[string]string // what its script is told
	again string            // what it reports after a restart
}

// clientPrograms are the real clients.
func clientPrograms() map[string]clientProgram {
	dhclientVars := map[string]string{
		"new_subnet_mask": "255.255.255.0", "new_routers": "192.0.2.1", "new_domain_name": "example.org",
		"new_domain_name_servers": "192.0.2.53 198.51.100.53", "new_ntp_servers": "192.0.2.123",
		"new_dhcp_lease_time": "3000", "new_dhcp_renewal_time": "1000", "new_dhcp_rebinding_time": "2000",
		"new_dhcp_server_identifier": "192.0.2.1",
	}
	return map[string]clientProgram{
		"dhclient": {
			start: func(h *testnet.Host) *testnet.Client { return h.Dhclient("eth0") },
			vars:  dhclientVars, again: testnet.Reboot,
		},
		"dhcpcd": {
			start: func(h *testnet.Host) *testnet.Client { return h.Dhcpcd("eth0", "--noarp", "-o", "ntp_servers") },
			vars:  dhclientVars, again: testnet.Reboot,
		},
		"udhcpc": {
			start: func(h *testnet.Host) *testnet.Client { return h.Udhcpc("eth0", "-O", "58", "-O", "59") },
			vars: map[string]string{
				"subnet": "255.255.255.0", "router": "192.0.2.1", "domain": "example.org", "dns": "192.0.2.53 198.51.100.53",
				"ntpsrv": "192.0.2.123", "lease": "3000", "serverid": "192.0.2.1", "opt58": "000003e8", "opt59": "000007d0",
			},
			again: testnet.Bound, // it remembers nothing
		},
	}
}

func TestClientsGetRenewAndRelease(t *testing.T) {
	for name, c := range clientPrograms() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testnet.Require(t, name)
			l := newLAN(t, oneSubnet(""))
			ctx := within(t, 60*time.Second)
			host := l.client("client")
			client := c.start(host)
			bound := client.Await(ctx, testnet.Bound)
			got := map[string]string{}
			for name := range c.vars {
				got[name] = strings.TrimSpace(bound.Vars[name])
			}
			require.Equal(t, c.vars, got)

			first, found := l.lease(ctx, bound.Addr)
			require.True(t, found)
			require.Equal(t, host.HWAddr("eth0").String(), first.HWAddr)
			require.Equal(t, leaseInfo{Addr: first.Addr, HWAddr: first.HWAddr, ClientID: first.ClientID, SubnetID: 7, CLTT: first.CLTT, ValidLft: 3000}, first)
			require.InDelta(t, time.Now().Unix(), first.CLTT, 5)

			other := c.start(l.client("other")).Await(ctx, testnet.Bound)
			require.NotEqual(t, bound.Addr, other.Addr)

			client.Restart()
			require.Equal(t, bound.Addr, client.Await(ctx, c.again).Addr)
			client.Release(ctx)
			l.awaitLease(ctx, bound.Addr, "the lease is gone", func(_ leaseInfo, found bool) bool { return !found })
			_, found = l.lease(ctx, other.Addr)
			require.True(t, found, "the other client's lease")
		})
	}
}

// A client renews at T1, by unicast: the server never sees its address as that
// of a broadcast.
func TestClientsRenewByUnicast(t *testing.T) {
	for name, c := range clientPrograms() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testnet.Require(t, name, "tshark")
			l := newLAN(t, strings.NewReplacer("3000", "8", "2000", "7", "1000", "3").Replace(oneSubnet(""))) // udhcpc only knows half the lifetime
			ctx := within(t, 60*time.Second)
			host := l.client("client")
			capture := captureQueries(ctx, t, l.server)
			client := c.start(host)
			bound := client.Await(ctx, testnet.Bound)
			first, found := l.lease(ctx, bound.Addr)
			require.True(t, found)
			require.Equal(t, bound.Addr, client.Await(ctx, testnet.Renew).Addr)
			l.awaitLease(ctx, bound.Addr, "the lease is prolonged", func(now leaseInfo, _ bool) bool { return now.CLTT > first.CLTT })
			// Source, destination, message type, ciaddr.
			awaitOutput(ctx, t, capture, fmt.Sprintf("%s\t192.0.2.1\t3\t%s\n", bound.Addr, bound.Addr))
		})
	}
}

// captureQueries writes the queries that come to a host's eth0, a line each.
func captureQueries(ctx context.Context, t testing.TB, h *testnet.Host) *testnet.Process {
	t.Helper()
	p := h.Start("tshark", "-l", "-n", "-i", "eth0", "-f", "udp dst port 67", "-T", "fields",
		"-e", "ip.src", "-e", "ip.dst", "-e", "dhcp.option.dhcp", "-e", "dhcp.ip.client")
	awaitOutput(ctx, t, p, "Capturing on")
	return p
}

// A client that comes back on another network is told so, and gets an address
// there.
func TestClientsMove(t *testing.T) {
	for _, name := range []string{"dhclient", "dhcpcd"} {
		c := clientPrograms()[name]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testnet.Require(t, name)
			n := testnet.New(t)
			server, first, second := n.Host("server"), n.LAN(), n.LAN()
			server.Join(first, "eth0", "192.0.2.1/24")
			server.Join(second, "eth1", "198.51.100.1/24")
			p := startProgram(t, n, server, `{"interfaces-config": {"interfaces": ["*"]}, "authoritative": true, "subnet4": [
				{"id": 1, "subnet": "192.0.2.0/24", "pools": [{"pool": "192.0.2.100-192.0.2.199"}]},
				{"id": 2, "subnet": "198.51.100.0/24", "pools": [{"pool": "198.51.100.100-198.51.100.199"}]}]}`)
			ctx := within(t, 60*time.Second)
			host := n.Host("client")
			host.Join(first, "eth0")
			client := c.start(host)
			bound := client.Await(ctx, testnet.Bound)
			require.Contains(t, bound.Addr.String(), "192.0.2.")
			hw := host.HWAddr("eth0")
			client.Kill()
			host.Leave("eth0")
			host.Join(second, "eth0")
			host.IP("link", "set", "eth0", "address", hw.String())
			client.Restart()
			moved := client.Await(ctx, testnet.Bound)
			require.Contains(t, moved.Addr.String(), "198.51.100.")
			require.Positive(t, statistic(ctx, t, p.socket, "pkt4-nak-sent"))
		})
	}
}

// udhcpc looks by ARP whether its address is in use. It is: it declines, the
// address is kept from use, and it gets another.
func TestDecline(t *testing.T) {
	t.Parallel()
	testnet.Require(t, "udhcpc")
	l := newLAN(t, oneSubnet(`"decline-probation-period": 1234,`))
	ctx := within(t, 60*time.Second)
	squatter := l.Host("squatter")
	squatter.Join(l.segment, "eth0", "192.0.2.100/24")
	client := l.client("client").Udhcpc("eth0", "-a", "-A", "1")
	taken := netip.MustParseAddr("192.0.2.100")
	l.awaitLease(ctx, taken, "the address is declined", func(got leaseInfo, _ bool) bool { return got.State == 1 })
	declined, _ := l.lease(ctx, taken)
	require.Equal(t, leaseInfo{Addr: taken, SubnetID: 7, CLTT: declined.CLTT, ValidLft: 1234, State: 1}, declined)
	bound := client.Await(ctx, testnet.Bound)
	require.NotEqual(t, taken, bound.Addr)

	for name, want := range map[string]int{"declined-addresses": 1, "subnet[7].declined-addresses": 1, "pkt4-decline-received": 1} {
		require.Equal(t, want, statistic(ctx, t, l.socket, name), name)
	}
}

// statistic returns the newest value of a statistic of failoverd or Kea.
func statistic(ctx context.Context, t testing.TB, socket, name string) int {
	t.Helper()
	r, err := call(ctx, socket, "statistic-get", map[string]any{"name": name})
	require.NoError(t, err)
	var samples map[string][][]any
	require.NoError(t, json.Unmarshal(r.Arguments, &samples))
	require.NotEmpty(t, samples[name], name)
	value, ok := samples[name][0][0].(float64)
	require.True(t, ok, "%v", samples)
	return int(value)
}

// The last of the clients gets nothing, until another gives its address back.
func TestPoolExhausted(t *testing.T) {
	t.Parallel()
	testnet.Require(t, "udhcpc")
	l := newLAN(t, strings.Replace(oneSubnet(""), "192.0.2.199", "192.0.2.101", 1))
	ctx := within(t, 60*time.Second)
	first := l.client("first").Udhcpc("eth0")
	one := first.Await(ctx, testnet.Bound)
	two := l.client("second").Udhcpc("eth0").Await(ctx, testnet.Bound)
	require.ElementsMatch(t, []string{"192.0.2.100", "192.0.2.101"}, []string{one.Addr.String(), two.Addr.String()})
	third := l.client("third").Udhcpc("eth0", "-t", "2", "-A", "1")
	third.Await(ctx, testnet.Failed)
	testnet.Until(ctx, t, "the failure is counted", func() error {
		if statistic(ctx, t, l.socket, "v4-allocation-fail") == 0 {
			return errors.New("it is not")
		}
		return nil
	})
	first.Release(ctx)
	require.Equal(t, one.Addr, third.Await(ctx, testnet.Bound).Addr)
}

// A hundred clients at once get a hundred addresses.
func TestNoAddressTwice(t *testing.T) {
	t.Parallel()
	l := newLAN(t, oneSubnet(""))
	ctx := within(t, 60*time.Second)
	s := newStation(t, l.client("clients"), "eth0", l.server.HWAddr("eth0"))
	got := make(chan netip.Addr)
	for i := range 100 {
		go func() {
			var addr netip.Addr // not valid: it got none
			defer func() { got <- addr }()
			addr = s.lease(ctx, mac(i)).yiaddr
		}()
	}
	addrs := map[netip.Addr]bool{}
	for range 100 {
		addrs[<-got] = true
	}
	require.Len(t, addrs, 100)
	for addr := range addrs {
		_, found := l.lease(ctx, addr)
		require.True(t, found, addr)
	}
}
