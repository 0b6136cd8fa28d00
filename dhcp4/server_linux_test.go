package dhcp4

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// fixed gives the same lease to everybody: 100 in the network of the address
// that the query came to, or of the relay agent.
var fixed = HandlerFunc(func(_ context.Context, q *Query) (*Reply, error) {
	m := q.Message
	answer := dhcpv4.MessageTypeAck
	switch m.MessageType() {
	case dhcpv4.MessageTypeDiscover:
		answer = dhcpv4.MessageTypeOffer
	case dhcpv4.MessageTypeRequest:
		if id := m.ServerIdentifier(); id != nil && !id.Equal(q.Local.AsSlice()) {
			return nil, nil
		}
	default:
		return nil, nil
	}
	from := q.Local
	if relay := address(m.GatewayIPAddr); relay.IsValid() {
		from = relay
	}
	your := from.As4()
	your[3] = 100
	reply, err := dhcpv4.NewReplyFromRequest(m,
		dhcpv4.WithMessageType(answer),
		dhcpv4.WithYourIP(your[:]),
		dhcpv4.WithServerIP(q.Local.AsSlice()),
		dhcpv4.WithOption(dhcpv4.OptServerIdentifier(q.Local.AsSlice())),
		dhcpv4.WithLeaseTime(6),
		dhcpv4.WithNetmask(net.CIDRMask(24, 32)))
	if err != nil {
		return nil, err
	}
	return &Reply{Message: reply}, nil
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
	select {
	case <-s.Ready():
	case <-ctx.Done():
		require.NoError(t, s.NotReady(), "not ready in time")
	}
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

func awaitServing(ctx context.Context, t *testing.T, s *Server) {
	t.Helper()
	testnet.Until(ctx, t, "the server is ready", s.NotReady)
}

func awaitCount(ctx context.Context, t *testing.T, s *Server, what string, ok func(Counters) bool) {
	t.Helper()
	testnet.Until(ctx, t, what, func() error {
		if c := s.Counters(); !ok(c) {
			return fmt.Errorf("counters are %+v", c)
		}
		return nil
	})
}

func TestClientsAreServed(t *testing.T) {
	type start func(*testnet.Host) *testnet.Client
	hurry := func(c *testnet.Client) { c.Signal("USR1") } // it would wait for 15 seconds
	clients := map[string]struct {
		start
		renew func(*testnet.Client)
	}{
		"dhclient":         {func(h *testnet.Host) *testnet.Client { return h.Dhclient("eth0") }, func(*testnet.Client) {}},
		"udhcpc":           {func(h *testnet.Host) *testnet.Client { return h.Udhcpc("eth0") }, hurry},
		"udhcpc broadcast": {func(h *testnet.Host) *testnet.Client { return h.Udhcpc("eth0", "-B") }, hurry},
		"dhcpcd":           {func(h *testnet.Host) *testnet.Client { return h.Dhcpcd("eth0", "--noarp") }, func(*testnet.Client) {}},
	}
	for _, typ := range []SocketType{SocketRaw, SocketUDP} {
		for name, client := range clients {
			t.Run(typ.String()+" "+name, func(t *testing.T) {
				t.Parallel()
				n := testnet.New(t)
				lan := n.LAN()
				server, host := n.Host("server"), n.Host("client")
				server.Join(lan, "eth0", "192.0.2.1/24")
				host.Join(lan, "eth0")
				s := &Server{SocketType: typ}
				serveIn(t, server, s)
				ctx := within(t, time.Minute)
				awaitReady(ctx, t, s)

				c := client.start(host)
				bound := c.Await(ctx, testnet.Bound)
				require.Equal(t, netip.MustParseAddr("192.0.2.100"), bound.Addr)
				require.Equal(t, netip.MustParseAddr("192.0.2.1"), bound.Server)
				client.renew(c)
				require.Equal(t, bound.Addr, c.Await(ctx, testnet.Renew).Addr)
				require.Empty(t, s.Counters().Refused)
				require.Zero(t, s.Counters().Unsent)
			})
		}
	}
}

func TestEveryQueryIsReadOnce(t *testing.T) {
	n := testnet.New(t)
	lan := n.LAN()
	server, client := n.Host("server"), n.Host("client")
	server.Join(lan, "eth0", "192.0.2.1/24", "192.0.2.2/24")
	client.Join(lan, "eth0", "192.0.2.9/24")
	queries := make(chan *Query, 10)
	s := &Server{Handler: HandlerFunc(func(_ context.Context, q *Query) (*Reply, error) {
		queries <- q
		return nil, nil
	})}
	serveIn(t, server, s)
	ctx := within(t, time.Minute)
	awaitReady(ctx, t, s)

	to := map[string]bool{ // and whether the query is then unicast
		"255.255.255.255": false,
		"192.0.2.255":     false,
		"192.0.2.1":       true,
		"192.0.2.2":       true,
	}
	client.Do(func() {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(192, 0, 2, 9), Port: clientPort})
		require.NoError(t, err)
		defer conn.Close()
		client.IP("route", "add", "255.255.255.255", "dev", "eth0")
		discover, err := dhcpv4.NewDiscovery(net.HardwareAddr{2, 0, 0, 0, 0, 1})
		require.NoError(t, err)
		for dst, unicast := range to {
			_, err := conn.WriteToUDPAddrPort(discover.ToBytes(), netip.AddrPortFrom(netip.MustParseAddr(dst), serverPort))
			require.NoError(t, err)
			q := <-queries
			require.Equal(t, unicast, q.Unicast, dst)
			require.Equal(t, netip.MustParseAddrPort("192.0.2.9:68"), q.Source)
			require.Equal(t, "eth0", q.Interface)
			local := "192.0.2.1"
			if unicast {
				local = dst
			}
			require.Equal(t, netip.MustParseAddr(local), q.Local)
			require.Equal(t, len(discover.ToBytes()), q.Length)
		}
	})
	awaitCount(ctx, t, s, "all are answered", func(c Counters) bool { return c.InFlight == 0 })
	require.EqualValues(t, len(to), s.Counters().Received)
}

func TestTheSystemRefusesDiscover(t *testing.T) {
	for _, dst := range []string{"255.255.255.255", "192.0.2.1"} {
		t.Run(dst, func(t *testing.T) {
			n := testnet.New(t)
			lan := n.LAN()
			server, client := n.Host("server"), n.Host("client")
			server.Join(lan, "eth0", "192.0.2.1/24")
			client.Join(lan, "eth0", "192.0.2.9/24")
			release := make(chan struct{})
			s := &Server{MaxInFlight: 4, Handler: HandlerFunc(func(ctx context.Context, _ *Query) (*Reply, error) {
				select {
				case <-release:
				case <-ctx.Done():
				}
				return nil, nil
			})}
			serveIn(t, server, s)
			ctx := within(t, time.Minute)
			awaitReady(ctx, t, s)
			var conn *net.UDPConn
			client.Do(func() {
				var err error
				conn, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(192, 0, 2, 9), Port: clientPort})
				require.NoError(t, err)
				client.IP("route", "add", "255.255.255.255", "dev", "eth0")
			})
			defer conn.Close()
			send := func(types ...dhcpv4.MessageType) {
				for _, typ := range types {
					_, err := conn.WriteToUDPAddrPort(query(t, typ).ToBytes(), netip.AddrPortFrom(netip.MustParseAddr(dst), serverPort))
					require.NoError(t, err)
				}
			}
			const discover, request = dhcpv4.MessageTypeDiscover, dhcpv4.MessageTypeRequest
			send(discover, discover, discover)
			awaitCount(ctx, t, s, "one is shed", func(c Counters) bool { return c.Shed == 1 && c.InFlight == 2 })
			send(discover, request)
			awaitCount(ctx, t, s, "the REQUEST is read", func(c Counters) bool { return c.ReceivedTypes[request] == 1 && c.InFlight == 3 })
			require.EqualValues(t, 3, s.Counters().ReceivedTypes[discover])
			for range 3 {
				release <- struct{}{}
			}
			awaitCount(ctx, t, s, "all are done", func(c Counters) bool { return c.InFlight == 0 })
			awaitCount(ctx, t, s, "a DISCOVER is read", func(c Counters) bool {
				send(discover) // again: the last of the three may not have told the system yet
				return c.ReceivedTypes[discover] > 3
			})
		})
	}
}

func TestRelayed(t *testing.T) {
	for _, typ := range []SocketType{SocketRaw, SocketUDP} {
		t.Run(typ.String(), func(t *testing.T) {
			t.Parallel()
			n := testnet.New(t)
			backbone, lan := n.LAN(), n.LAN()
			server, relay, client := n.Host("server"), n.Host("relay"), n.Host("client")
			server.Join(backbone, "eth0", "198.51.100.1/24")
			relay.Join(backbone, "eth0", "198.51.100.2/24")
			relay.Join(lan, "eth1", "192.0.2.1/24")
			client.Join(lan, "eth0")
			server.Route("192.0.2.0/24", "198.51.100.2")
			relay.Forward()
			relay.Relay4("eth1", netip.MustParseAddr("192.0.2.1"), []byte("\x01\x05port7"), netip.MustParseAddr("198.51.100.1"))
			s := &Server{SocketType: typ, Interfaces: []string{"eth0"}}
			serveIn(t, server, s)
			ctx := within(t, time.Minute)

			c := client.Dhclient("eth0")
			bound := c.Await(ctx, testnet.Bound)
			require.Equal(t, netip.MustParseAddr("192.0.2.100"), bound.Addr)
			require.Equal(t, netip.MustParseAddr("198.51.100.1"), bound.Server)
		})
	}
}

func TestRepliesLeaveWhereQueriesCameIn(t *testing.T) {
	for _, typ := range []SocketType{SocketRaw, SocketUDP} {
		t.Run(typ.String(), func(t *testing.T) {
			t.Parallel()
			n := testnet.New(t)
			server := n.Host("server")
			ctx := within(t, time.Minute)
			s := &Server{SocketType: typ, Interfaces: []string{"eth1", "eth2/192.0.3.1"}}
			var clients []*testnet.Client
			for i := range 3 {
				link, lan := fmt.Sprintf("eth%d", i), n.LAN()
				server.Join(lan, link, fmt.Sprintf("192.0.%d.9/24", i+1), fmt.Sprintf("192.0.%d.1/24", i+1))
				client := n.Host(fmt.Sprintf("client%d", i))
				client.Join(lan, "eth0")
				clients = append(clients, client.Udhcpc("eth0"))
			}
			serveIn(t, server, s)
			second := clients[1].Await(ctx, testnet.Bound)
			require.Equal(t, netip.MustParseAddr("192.0.2.100"), second.Addr)
			require.Equal(t, netip.MustParseAddr("192.0.2.9"), second.Server)
			third := clients[2].Await(ctx, testnet.Bound)
			require.Equal(t, netip.MustParseAddr("192.0.3.100"), third.Addr)
			require.Equal(t, netip.MustParseAddr("192.0.3.1"), third.Server)
			for _, e := range clients[0].Events() {
				require.NotEqual(t, testnet.Bound, e.Kind, "eth0 is not to be served")
			}
		})
	}
}

// What is for hosts that do not answer to ARP fills the socket's buffer, as the
// kernel keeps it for seconds. Others must not have to wait for that.
func TestRelayAgentsThatAreNotThereHoldUpNobody(t *testing.T) {
	t.Parallel()
	n := testnet.New(t)
	lan := n.LAN()
	server, host := n.Host("server"), n.Host("host")
	server.Join(lan, "eth0", "192.0.2.1/24")
	host.Join(lan, "eth0", "192.0.2.9/24")
	s := &Server{}
	serveIn(t, server, s)
	ctx := within(t, time.Minute)
	awaitReady(ctx, t, s)
	host.Do(func() {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(192, 0, 2, 9), Port: serverPort})
		require.NoError(t, err)
		defer conn.Close()
		to := netip.MustParseAddrPort("192.0.2.1:67")
		for sent := uint64(0); s.Counters().Unsent == 0; {
			for i := range byte(100) {
				m := query(t, dhcpv4.MessageTypeDiscover, dhcpv4.WithGatewayIP(net.IPv4(192, 0, 2, 20+i)))
				_, err := conn.WriteToUDPAddrPort(m.ToBytes(), to)
				require.NoError(t, err)
			}
			sent += 100
			awaitCount(ctx, t, s, "all are answered", func(c Counters) bool { return c.Received+c.Overflowed == sent && c.InFlight == 0 })
		}
	})
	require.Zero(t, s.Counters().Shed)
	host.Dhclient("eth0").Await(ctx, testnet.Bound)
}

func TestInterfacesAreFoundAgain(t *testing.T) {
	for _, typ := range []SocketType{SocketRaw, SocketUDP} {
		t.Run(typ.String(), func(t *testing.T) {
			t.Parallel()
			n := testnet.New(t)
			lan := n.LAN()
			server, client := n.Host("server"), n.Host("client")
			client.Join(lan, "eth0")
			s := &Server{SocketType: typ, Interfaces: []string{"eth1"}}
			serveIn(t, server, s)
			ctx := within(t, time.Minute)
			// Every address is told apart from those before.
			bound := func(addr string) {
				t.Helper()
				c := client.Udhcpc("eth0")
				require.Equal(t, netip.MustParseAddr(addr), c.Await(ctx, testnet.Bound).Addr)
				c.Kill()
			}

			awaitMissing(ctx, t, s, "eth1 does not exist")
			select {
			case <-s.Ready():
				require.Fail(t, "ready without an interface")
			default:
			}
			server.Join(lan, "eth1")
			awaitMissing(ctx, t, s, "eth1 has no address")
			server.AddAddr("eth1", "192.0.2.1/24")
			awaitReady(ctx, t, s)
			bound("192.0.2.100")

			server.DelAddr("eth1", "192.0.2.1/24")
			awaitMissing(ctx, t, s, "eth1 has no address")
			server.AddAddr("eth1", "198.51.100.1/24")
			awaitServing(ctx, t, s)
			bound("198.51.100.100")

			server.Down("eth1")
			awaitMissing(ctx, t, s, "eth1 is down")
			server.Up("eth1")
			awaitServing(ctx, t, s)
			bound("198.51.100.100")

			server.Leave("eth1")
			awaitMissing(ctx, t, s, "eth1 does not exist")
			server.Join(lan, "eth1", "203.0.113.1/24")
			awaitServing(ctx, t, s)
			bound("203.0.113.100")
		})
	}
}

func TestPortHeldByAnother(t *testing.T) {
	for typ, missing := range map[SocketType]string{
		SocketRaw: "eth0: listen on UDP 192.0.2.1:67: bind: address already in use (another DHCP server is running)",
		SocketUDP: "eth0: listen on UDP 0.0.0.0:67: bind: address already in use (another DHCP server is running)",
	} {
		t.Run(typ.String(), func(t *testing.T) {
			t.Parallel()
			n := testnet.New(t)
			server := n.Host("server")
			server.Join(n.LAN(), "eth0", "192.0.2.1/24")
			var other *net.UDPConn
			server.Do(func() {
				var err error
				other, err = net.ListenUDP("udp4", &net.UDPAddr{Port: serverPort})
				require.NoError(t, err)
			})
			defer other.Close()
			s := &Server{SocketType: typ, Interfaces: []string{"eth0"}}
			serveIn(t, server, s)
			ctx := within(t, time.Minute)
			awaitMissing(ctx, t, s, missing)
			require.NoError(t, other.Close())
			awaitReady(ctx, t, s)
		})
	}
}

func TestSecondServerIsRefusedThePort(t *testing.T) {
	n := testnet.New(t)
	server := n.Host("server")
	server.Join(n.LAN(), "eth0", "192.0.2.1/24")
	first, second := &Server{}, &Server{Interfaces: []string{"eth0"}}
	serveIn(t, server, first)
	ctx := within(t, time.Minute)
	awaitReady(ctx, t, first)
	serveIn(t, server, second)
	awaitMissing(ctx, t, second, "eth0: listen on UDP 192.0.2.1:67: bind: address already in use (another DHCP server is running)")
}

func TestWildcardLeavesOutLoopback(t *testing.T) {
	n := testnet.New(t)
	server := n.Host("server")
	s := &Server{}
	serveIn(t, server, s)
	ctx := within(t, time.Minute)
	awaitMissing(ctx, t, s, "no interface is up and has an address")
	server.Join(n.LAN(), "eth0", "192.0.2.1/24")
	awaitReady(ctx, t, s)
}
