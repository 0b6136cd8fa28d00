package dhcp6

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
	"github.com/dhcpha/dhcpha/lease"
)

// fixed gives the same address to everybody: 100 in the network of the relay
// agent next to the client, or else in that of the interface's number.
var fixed = HandlerFunc(func(_ context.Context, q *Query) (*Reply, error) {
	m := q.Message
	r := &dhcpv6.Message{MessageType: dhcpv6.MessageTypeReply, TransactionID: m.TransactionID}
	if m.MessageType == solicit {
		r.MessageType = dhcpv6.MessageTypeAdvertise
	}
	addr := netip.MustParseAddr("2001:db8::100").As16()
	addr[7] = q.Interface[len(q.Interface)-1] - '0'
	if n := len(q.Relays); n > 0 {
		copy(addr[:8], q.Relays[n-1].LinkAddr)
	}
	r.AddOption(dhcpv6.OptClientID(m.Options.ClientID()))
	r.AddOption(dhcpv6.OptServerID(&dhcpv6.DUIDEN{EnterpriseNumber: 62448, EnterpriseIdentifier: []byte{1}}))
	for _, ia := range m.Options.IANA() {
		o := &dhcpv6.OptIANA{IaId: ia.IaId, T1: 2 * time.Second, T2: 5 * time.Second}
		o.Options.Add(prefixOption(lease.NA, netip.PrefixFrom(netip.AddrFrom16(addr), 128), 6, 8))
		r.AddOption(o)
	}
	return &Reply{Message: r}, nil
})

// serveIn runs a server in a host until the test ends.
func serveIn(t *testing.T, h *testnet.Host, s *Server) {
	t.Helper()
	if s.Handler == nil {
		s.Handler = fixed
	}
	if s.Interfaces == nil {
		s.Interfaces = []string{"*"}
	}
	done := make(chan error, 1)
	go h.Do(func() { done <- s.Serve(context.Background()) })
	t.Cleanup(func() {
		s.Close()
		require.NoError(t, <-done)
		if t.Failed() {
			t.Logf("counters of the server in %s: %+v", h.Name, s.Counters())
		}
	})
}

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

func awaitReady(ctx context.Context, t *testing.T, s *Server) {
	t.Helper()
	testnet.Until(ctx, t, "the server is ready", s.NotReady)
}

func awaitMissing(ctx context.Context, t *testing.T, s *Server, missing string) {
	t.Helper()
	testnet.Until(ctx, t, "the server says that "+missing, func() error {
		if err := s.NotReady(); err == nil || err.Error() != missing {
			return fmt.Errorf("it says %v", err)
		}
		return nil
	})
}

func TestClientsAreServed(t *testing.T) {
	for name, start := range map[string]func(*testnet.Host) *testnet.Client{
		"dhclient": func(h *testnet.Host) *testnet.Client { return h.Dhclient6("eth0", "-N") },
		"dhcpcd":   func(h *testnet.Host) *testnet.Client { return h.Dhcpcd6("eth0") },
		"dhcp6c": func(h *testnet.Host) *testnet.Client {
			return h.Dhcp6c("eth0", "interface eth0 { send ia-na 1; }; id-assoc na 1 { };")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := testnet.New(t)
			lan := n.LAN()
			server, host := n.Host("server"), n.Host("client")
			server.Join(lan, "eth0")
			host.Join(lan, "eth0")
			s := &Server{}
			serveIn(t, server, s)
			ctx := within(t, time.Minute)
			awaitReady(ctx, t, s)
			c := start(host)
			require.Equal(t, netip.MustParseAddr("2001:db8::100"), c.Await(ctx, testnet.Bound).Addr)
			if name != "dhcp6c" { // it waits for 18 seconds
				require.Equal(t, netip.MustParseAddr("2001:db8::100"), c.Await(ctx, testnet.Renew).Addr)
			}
			require.Empty(t, s.Counters().Refused)
			require.Zero(t, s.Counters().Unsent)
		})
	}
}

// asker is a client's socket on eth0 of a host.
type asker struct {
	t    *testing.T
	link int
	conn *net.UDPConn
}

func newAsker(ctx context.Context, t *testing.T, h *testnet.Host, local string) *asker {
	t.Helper()
	a := &asker{t: t}
	h.Do(func() {
		ifi, err := net.InterfaceByName("eth0")
		require.NoError(t, err)
		a.link = ifi.Index
		testnet.Until(ctx, t, local+" can be used", func() error {
			a.conn, err = net.ListenUDP("udp6", net.UDPAddrFromAddrPort(netip.AddrPortFrom(a.scoped(local), clientPort)))
			return err
		})
	})
	t.Cleanup(func() { a.conn.Close() })
	return a
}

// scoped gives an address that is of the link its zone.
func (a *asker) scoped(addr string) netip.Addr {
	ip := netip.MustParseAddr(addr)
	if ip.IsLinkLocalUnicast() || ip.IsMulticast() {
		ip = ip.WithZone(strconv.Itoa(a.link))
	}
	return ip
}

func (a *asker) send(m dhcpv6.DHCPv6, to string) {
	a.t.Helper()
	_, err := a.conn.WriteToUDPAddrPort(m.ToBytes(), netip.AddrPortFrom(a.scoped(to), serverPort))
	require.NoError(a.t, err)
}

// linkLocal is the link-local address of a host's link.
func linkLocal(t *testing.T, h *testnet.Host, link string) string {
	t.Helper()
	var found string
	h.Do(func() {
		ifi, err := net.InterfaceByName(link)
		require.NoError(t, err)
		addrs, err := ifi.Addrs()
		require.NoError(t, err)
		for _, addr := range addrs {
			if p := netip.MustParsePrefix(addr.String()); p.Addr().IsLinkLocalUnicast() {
				found = p.Addr().String()
			}
		}
	})
	require.NotEmpty(t, found)
	return found
}

// Whatever address of the server a query is sent to, it is read once, and
// answered from where it is expected.
func TestEveryQueryIsReadOnce(t *testing.T) {
	n := testnet.New(t)
	lan := n.LAN()
	server, client := n.Host("server"), n.Host("client")
	server.Join(lan, "eth0", "2001:db8:1::1/64", "2001:db8:1::2/64")
	server.Join(n.LAN(), "eth1", "2001:db8:2::1/64")
	client.Join(lan, "eth0", "2001:db8:1::9/64")
	client.Route("2001:db8:2::/64", "2001:db8:1::1")
	queries := make(chan Query, 10)
	s := &Server{Interfaces: []string{"eth0", "eth1"}, Handler: HandlerFunc(func(ctx context.Context, q *Query) (*Reply, error) {
		queries <- *q
		return fixed(ctx, q)
	})}
	serveIn(t, server, s)
	ctx := within(t, time.Minute)
	awaitReady(ctx, t, s)
	theirs, ours := linkLocal(t, server, "eth0"), linkLocal(t, client, "eth0")

	received := uint64(0)
	for _, local := range []string{ours, "2001:db8:1::9"} {
		a := newAsker(ctx, t, client, local)
		for to, unicast := range map[string]bool{
			"ff02::1:2":     false,
			"ff05::1:3":     false,
			theirs:          true,
			"2001:db8:1::1": true,
			"2001:db8:1::2": true,
			"2001:db8:2::1": true, // of the other interface
		} {
			if local == ours && to == "2001:db8:2::1" {
				continue // link-local addresses are not routed
			}
			a.send(messageOf(renew), to)
			received++
			var q Query
			select {
			case q = <-queries:
			case <-ctx.Done():
				require.Fail(t, "a query is lost", "%s asks %s", local, to)
			}
			require.Equal(t, unicast, q.Unicast, to)
			require.Equal(t, netip.AddrPortFrom(netip.MustParseAddr(local), clientPort), q.Source)
			require.Equal(t, "eth0", q.Interface)
			wantLocal, wantFrom := theirs, theirs
			if unicast {
				wantLocal, wantFrom = to, to
			} else if local != ours {
				wantFrom = "" // a global one
			}
			require.Equal(t, netip.MustParseAddr(wantLocal), q.Local)

			buf := make([]byte, 1500)
			require.NoError(t, a.conn.SetReadDeadline(time.Now().Add(10*time.Second)))
			size, from, err := a.conn.ReadFromUDPAddrPort(buf)
			require.NoError(t, err, "%s asks %s", local, to)
			reply, err := dhcpv6.MessageFromBytes(buf[:size])
			require.NoError(t, err)
			require.Equal(t, dhcpv6.MessageTypeReply, reply.MessageType)
			require.EqualValues(t, serverPort, from.Port())
			if wantFrom != "" {
				require.Equal(t, netip.MustParseAddr(wantFrom), from.Addr().WithZone(""), "%s asks %s", local, to)
			} else {
				require.Contains(t, []string{"2001:db8:1::1", "2001:db8:1::2"}, from.Addr().String())
			}
		}
		require.NoError(t, a.conn.Close())
	}
	testnet.Until(ctx, t, "all are answered", func() error {
		if c := s.Counters(); c.InFlight > 0 || c.Sent < received {
			return fmt.Errorf("counters are %+v", c)
		}
		return nil
	})
	require.Equal(t, received, s.Counters().Received)
}

// Two relay agents, one of which sends from a port of its own, and the server
// reached by multicast or by its address.
func TestRelayedTwice(t *testing.T) {
	for name, servers := range map[string]netip.Addr{
		"unicast":   netip.MustParseAddr("2001:db8:3::1"),
		"multicast": netip.MustParseAddr("ff05::1:3%eth0"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := testnet.New(t)
			backbone, middle, edge := n.LAN(), n.LAN(), n.LAN()
			server, far, near, client := n.Host("server"), n.Host("far"), n.Host("near"), n.Host("client")
			server.Join(backbone, "eth0", "2001:db8:3::1/64")
			far.Join(backbone, "eth0", "2001:db8:3::2/64")
			far.Join(middle, "eth1", "2001:db8:2::1/64")
			near.Join(middle, "eth0", "2001:db8:2::2/64")
			near.Join(edge, "eth1", "2001:db8:1::1/64")
			client.Join(edge, "eth0")
			near.Relay6(testnet.Relay6{Link: "eth1", Addr: netip.MustParseAddr("2001:db8:1::1"), InterfaceID: "edge", Servers: []netip.Addr{netip.MustParseAddr("2001:db8:2::1")}})
			far.Relay6(testnet.Relay6{Link: "eth1", Addr: netip.MustParseAddr("2001:db8:2::1"), InterfaceID: "middle", SourcePort: 10547, Servers: []netip.Addr{servers}})
			relays := make(chan int, 100)
			s := &Server{Handler: HandlerFunc(func(ctx context.Context, q *Query) (*Reply, error) {
				relays <- len(q.Relays)
				return fixed(ctx, q)
			})}
			serveIn(t, server, s)
			ctx := within(t, time.Minute)
			c := client.Dhclient6("eth0", "-N")
			require.Equal(t, netip.MustParseAddr("2001:db8:1::100"), c.Await(ctx, testnet.Bound).Addr)
			require.Equal(t, 2, <-relays)
		})
	}
}

func TestInterfacesAreFoundAgain(t *testing.T) {
	n := testnet.New(t)
	lan := n.LAN()
	server, client := n.Host("server"), n.Host("client")
	client.Join(lan, "eth0")
	s := &Server{Interfaces: []string{"eth1"}}
	serveIn(t, server, s)
	ctx := within(t, time.Minute)
	bound := func() {
		t.Helper()
		c := client.Dhclient6("eth0", "-N")
		require.Equal(t, netip.MustParseAddr("2001:db8:0:1::100"), c.Await(ctx, testnet.Bound).Addr)
		c.Kill()
	}
	awaitMissing(ctx, t, s, "eth1 does not exist")
	server.Join(lan, "eth1")
	awaitReady(ctx, t, s)
	bound()
	server.Down("eth1")
	awaitMissing(ctx, t, s, "eth1 is down")
	server.Up("eth1")
	awaitReady(ctx, t, s)
	bound()
	server.Sysctl("net/ipv6/conf/eth1/disable_ipv6", "1")
	awaitMissing(ctx, t, s, "eth1 has no link-local address")
	server.Sysctl("net/ipv6/conf/eth1/disable_ipv6", "0")
	awaitReady(ctx, t, s)
	bound()
	server.Leave("eth1")
	awaitMissing(ctx, t, s, "eth1 does not exist")
	server.Join(lan, "eth1")
	awaitReady(ctx, t, s)
	bound()
}

// Nobody else can have the port on the server's links, also not by
// SO_REUSEADDR; on other links another server can.
func TestSecondServerIsRefusedThePort(t *testing.T) {
	n := testnet.New(t)
	server := n.Host("server")
	lan := n.LAN()
	server.Join(lan, "eth0", "2001:db8::1/64")
	server.Join(n.LAN(), "eth1")
	client := n.Host("client")
	client.Join(lan, "eth0")
	first, second, third := &Server{Interfaces: []string{"eth0"}}, &Server{Interfaces: []string{"eth0"}}, &Server{Interfaces: []string{"eth1"}}
	serveIn(t, server, first)
	ctx := within(t, time.Minute)
	awaitReady(ctx, t, first)
	serveIn(t, server, second)
	awaitMissing(ctx, t, second, "eth0: listen on UDP [::]:547: bind: address already in use (another DHCP server is running)")
	serveIn(t, server, third)
	awaitReady(ctx, t, third)
	server.Do(func() {
		reuse := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
			var err error
			_ = c.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1) })
			return err
		}}
		ifi, err := net.InterfaceByName("eth0")
		require.NoError(t, err)
		for _, addr := range []string{"::", "2001:db8::1", fmt.Sprintf("ff02::1:2%%%d", ifi.Index), fmt.Sprintf("%s%%%d", linkLocal(t, server, "eth0"), ifi.Index)} {
			_, err := reuse.ListenPacket(ctx, "udp6", net.JoinHostPort(addr, "547"))
			require.ErrorIs(t, err, syscall.EADDRINUSE, addr)
		}
	})
	client.Dhclient6("eth0", "-N").Await(ctx, testnet.Bound)
}

func TestPortHeldByAnother(t *testing.T) {
	n := testnet.New(t)
	server := n.Host("server")
	server.Join(n.LAN(), "eth0")
	var other *net.UDPConn
	server.Do(func() {
		var err error
		other, err = net.ListenUDP("udp6", &net.UDPAddr{Port: serverPort})
		require.NoError(t, err)
	})
	defer other.Close()
	s := &Server{Interfaces: []string{"eth0"}}
	serveIn(t, server, s)
	ctx := within(t, time.Minute)
	awaitMissing(ctx, t, s, "eth0: listen on UDP [::]:547: bind: address already in use (another DHCP server is running)")
	require.NoError(t, other.Close())
	awaitReady(ctx, t, s)
}

// Until it is known that nobody else has the link-local address, nothing can be
// sent from it.
func TestAddressesAreWaitedFor(t *testing.T) {
	n := testnet.New(t)
	server := n.Host("server")
	server.Sysctl("net/ipv6/conf/default/accept_dad", "1")
	server.Sysctl("net/ipv6/conf/default/dad_transmits", "5") // seconds
	s := &Server{Interfaces: []string{"eth0"}}
	serveIn(t, server, s)
	ctx := within(t, time.Minute)
	awaitMissing(ctx, t, s, "eth0 does not exist")
	server.Join(n.LAN(), "eth0")
	awaitMissing(ctx, t, s, "eth0 has no link-local address")
	awaitReady(ctx, t, s)
}

func TestWildcardLeavesOutLoopback(t *testing.T) {
	n := testnet.New(t)
	server := n.Host("server")
	s := &Server{}
	serveIn(t, server, s)
	ctx := within(t, time.Minute)
	awaitMissing(ctx, t, s, "no interface is up and has a link-local address")
	server.Join(n.LAN(), "eth0")
	awaitReady(ctx, t, s)
}
