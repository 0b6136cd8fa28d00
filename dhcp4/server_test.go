package dhcp4

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/serve"
	"github.com/dhcpha/dhcpha/internal/serve/servetest"
)

func query(t testing.TB, typ dhcpv4.MessageType, modifiers ...dhcpv4.Modifier) *dhcpv4.DHCPv4 {
	t.Helper()
	m, err := dhcpv4.New(dhcpv4.PrependModifiers(modifiers, dhcpv4.WithMessageType(typ),
		dhcpv4.WithHwAddr(net.HardwareAddr{2, 0, 0, 0, 0, 1}), dhcpv4.WithTransactionID(dhcpv4.TransactionID{1, 2, 3, 4}))...)
	require.NoError(t, err)
	return m
}

// echo answers everything with an ACK that offers 192.0.2.100.
func echo(_ context.Context, q *Query) (*Reply, error) {
	m, err := dhcpv4.NewReplyFromRequest(q.Message, dhcpv4.WithMessageType(dhcpv4.MessageTypeAck), dhcpv4.WithYourIP(net.IPv4(192, 0, 2, 100)))
	return &Reply{Message: m}, err
}

// served is a server on one interface, eth0 with 192.0.2.1/24, in a bubble.
type served struct {
	*Server
	network  *servetest.Network
	raw, udp *servetest.Conn
	end      context.CancelFunc // of the context of Serve
	ended    chan error         // what Serve returned
}

func start(t *testing.T, s *Server) *served {
	t.Helper()
	n := servetest.New(servetest.Ethernet(1, "eth0", "192.0.2.1/24"))
	ctx, cancel := context.WithCancel(t.Context())
	s.network = n
	if s.Interfaces == nil {
		s.Interfaces = []string{"eth0"}
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx) }()
	<-s.Ready()
	return &served{s, n, n.Conn("eth0"), n.Conn("192.0.2.1:67"), cancel, ended}
}

// deliver puts a message into the inbox of a socket, as if it came in on
// interface 1.
func deliver(c *servetest.Conn, m *dhcpv4.DHCPv4, from, to string) {
	c.Deliver(m.ToBytes(), from, to, 1)
}

const (
	anyClient = "0.0.0.0:68"
	everybody = "255.255.255.255"
)

func TestDrainAnswersWhatIsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := start(t, &Server{Handler: HandlerFunc(func(ctx context.Context, q *Query) (*Reply, error) {
			<-release
			require.NoError(t, ctx.Err(), "a draining server does not interrupt")
			return echo(ctx, q)
		})})
		deliver(s.raw, query(t, dhcpv4.MessageTypeRequest), anyClient, everybody)
		deliver(s.udp, query(t, dhcpv4.MessageTypeRequest, dhcpv4.WithClientIP(net.IPv4(192, 0, 2, 100))), "192.0.2.100:68", "192.0.2.1")
		synctest.Wait()
		s.end()
		s.end()
		synctest.Wait()
		deliver(s.raw, query(t, dhcpv4.MessageTypeRequest), anyClient, everybody) // too late
		synctest.Wait()
		require.EqualValues(t, 2, s.Counters().InFlight)
		require.Empty(t, s.ended)

		close(release)
		require.NoError(t, <-s.ended)
		require.Len(t, s.raw.Outbox(), 1)
		require.Len(t, s.udp.Outbox(), 1)
		require.True(t, s.raw.IsClosed())
		require.True(t, s.udp.IsClosed())
		require.EqualValues(t, 2, s.Counters().Sent)
		require.ErrorIs(t, s.NotReady(), serve.ErrNotServing)
	})
}

func TestCloseStopsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, &Server{Handler: HandlerFunc(func(ctx context.Context, q *Query) (*Reply, error) {
			<-ctx.Done()
			return echo(ctx, q)
		})})
		deliver(s.raw, query(t, dhcpv4.MessageTypeRequest), anyClient, everybody)
		synctest.Wait()
		s.end() // it drains, which here would take for ever
		synctest.Wait()
		require.Empty(t, s.ended)
		require.NoError(t, s.Close())
		require.NoError(t, <-s.ended)
		require.NoError(t, s.Close())
		require.Empty(t, s.raw.Outbox())
		require.EqualValues(t, 1, s.Counters().Unsent)
		require.ErrorIs(t, s.Serve(t.Context()), net.ErrClosed)
	})
}

func TestCloseBeforeServe(t *testing.T) {
	t.Parallel()
	s := &Server{Handler: HandlerFunc(echo)}
	require.NoError(t, s.Close())
	require.ErrorIs(t, s.Serve(t.Context()), net.ErrClosed)
}

func TestCloseWithASocketThatIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, &Server{Handler: HandlerFunc(echo)})
		s.raw.Stick()
		// As many as wait in the writer, in the outbox, and before it.
		const many = 3 * serve.OutboxSize
		for range many {
			deliver(s.raw, query(t, dhcpv4.MessageTypeRequest), anyClient, everybody)
		}
		synctest.Wait()
		require.Positive(t, s.Counters().InFlight, "who cannot put a reply counts as in flight")
		require.NoError(t, s.Close())
		require.NoError(t, <-s.ended)
		c := s.Counters()
		require.EqualValues(t, many, c.Unsent)
		require.Zero(t, c.Sent)
		require.Zero(t, c.InFlight)
	})
}

func TestShedsDiscoverFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := start(t, &Server{MaxInFlight: 10, Handler: HandlerFunc(func(context.Context, *Query) (*Reply, error) {
			<-release
			return nil, nil
		})})
		deliver := func(typ dhcpv4.MessageType, n int) Counters {
			for range n {
				deliver(s.raw, query(t, typ), anyClient, everybody)
			}
			synctest.Wait()
			return s.Counters()
		}
		c := deliver(dhcpv4.MessageTypeDiscover, 7)
		require.EqualValues(t, 5, c.InFlight)
		require.EqualValues(t, 2, c.Shed)
		c = deliver(dhcpv4.MessageTypeRequest, 8)
		require.EqualValues(t, 10, c.InFlight)
		require.EqualValues(t, 5, c.Shed)
		close(release)
		synctest.Wait()
		c = deliver(dhcpv4.MessageTypeDiscover, 1)
		require.EqualValues(t, 5, c.Shed)
		require.EqualValues(t, 11, c.Silent)
		require.EqualValues(t, 16, c.Received)
		s.end()
		require.NoError(t, <-s.ended)
	})
}

func TestPanicIsContained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := start(t, &Server{
			Logger: slog.New(slog.NewTextHandler(&log, nil)),
			Handler: HandlerFunc(func(ctx context.Context, q *Query) (*Reply, error) {
				switch q.Message.MessageType() {
				case dhcpv4.MessageTypeDiscover:
					panic("out of order")
				case dhcpv4.MessageTypeInform:
					return nil, errors.New("out of addresses")
				}
				return echo(ctx, q)
			}),
		})
		for _, typ := range []dhcpv4.MessageType{dhcpv4.MessageTypeDiscover, dhcpv4.MessageTypeInform, dhcpv4.MessageTypeRequest} {
			deliver(s.raw, query(t, typ), anyClient, everybody)
			synctest.Wait()
		}
		c := s.Counters()
		require.EqualValues(t, 1, c.Panicked)
		require.EqualValues(t, 1, c.Failed)
		require.EqualValues(t, 1, c.Sent)
		require.Zero(t, c.InFlight)
		s.end()
		require.NoError(t, <-s.ended)
		require.Contains(t, log.String(), "out of order")
		require.Contains(t, log.String(), "server_test.go", "the stack")
		require.Contains(t, log.String(), "out of addresses")
	})
}

func TestEveryDatagramIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, &Server{Handler: HandlerFunc(echo)})
		s.raw.Deliver([]byte("what?"), anyClient, everybody, 1)
		deliver(s.raw, query(t, dhcpv4.MessageTypeOffer), anyClient, everybody)
		deliver(s.udp, query(t, dhcpv4.MessageTypeRequest), "192.0.2.9:68", "198.51.100.1")
		overloaded := query(t, dhcpv4.MessageTypeRequest, dhcpv4.WithOption(dhcpv4.OptGeneric(dhcpv4.OptionOptionOverload, []byte{overloadFile})))
		overloaded.BootFileName = "\x0c\xc8" // an option of 200 bytes in a field of 128
		deliver(s.raw, overloaded, anyClient, everybody)
		deliver(s.raw, query(t, dhcpv4.MessageTypeRequest), anyClient, everybody)
		synctest.Wait()
		c := s.Counters()
		require.EqualValues(t, 5, c.Received)
		require.Equal(t, map[Refusal]uint64{RefusedTooShort: 1, RefusedType: 1, RefusedElsewhere: 1, RefusedOptions: 1}, c.Refused)
		require.Equal(t, map[dhcpv4.MessageType]uint64{dhcpv4.MessageTypeOffer: 1, dhcpv4.MessageTypeRequest: 3}, c.ReceivedTypes)
		require.Equal(t, map[dhcpv4.MessageType]uint64{dhcpv4.MessageTypeAck: 1}, c.SentTypes)
		require.EqualValues(t, 14, c.Overflowed, "of two sockets")
		s.raw.FailWrites(syscall.ENOBUFS)
		deliver(s.raw, query(t, dhcpv4.MessageTypeRequest), anyClient, everybody)
		synctest.Wait()
		require.EqualValues(t, 1, s.Counters().Unsent)
		s.end()
		require.NoError(t, <-s.ended)
		require.EqualValues(t, 14, s.Counters().Overflowed, "of sockets that are closed")
	})
}

// A forged query must not make a reply go to everybody by way of ciaddr or
// giaddr: a relay agent may choose the port as well.
func TestBroadcastIsNobodysAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, &Server{Handler: HandlerFunc(echo)})
		for _, addr := range []net.IP{net.IPv4bcast, net.IPv4(192, 0, 2, 255)} {
			deliver(s.udp, query(t, dhcpv4.MessageTypeInform, dhcpv4.WithClientIP(addr)), "192.0.2.9:68", "192.0.2.1")
			deliver(s.raw, query(t, dhcpv4.MessageTypeDiscover, dhcpv4.WithGatewayIP(addr)), "192.0.2.9:53", everybody)
		}
		synctest.Wait()
		require.Equal(t, map[Refusal]uint64{RefusedClientAddr: 2, RefusedRelayAddr: 2}, s.Counters().Refused)
		require.Zero(t, s.Counters().Sent)
		// It is an address like others where the network is not.
		deliver(s.udp, query(t, dhcpv4.MessageTypeDiscover, dhcpv4.WithGatewayIP(net.IPv4(10, 1, 2, 255))), "10.1.2.255:67", "192.0.2.1")
		synctest.Wait()
		require.EqualValues(t, 1, s.Counters().Sent)
		s.end()
		require.NoError(t, <-s.ended)
	})
}

func TestRepliesLeaveByTheRightSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, &Server{Handler: HandlerFunc(echo)})
		hw := string(net.HardwareAddr{2, 0, 0, 0, 0, 1})
		last := func(c *servetest.Conn) servetest.Datagram {
			synctest.Wait()
			sent := c.Outbox()
			d := sent[len(sent)-1]
			d.Payload = nil
			return d
		}
		sent := func(to, hw string) servetest.Datagram {
			return servetest.Datagram{Remote: netip.MustParseAddrPort(to), Local: netip.MustParseAddr("192.0.2.1"), Ifindex: 1, HW: hw}
		}
		deliver(s.raw, query(t, dhcpv4.MessageTypeDiscover), anyClient, everybody)
		require.Equal(t, sent("192.0.2.100:68", hw), last(s.raw))
		deliver(s.raw, query(t, dhcpv4.MessageTypeDiscover, dhcpv4.WithBroadcast(true)), anyClient, everybody)
		require.Equal(t, sent("255.255.255.255:68", ""), last(s.raw))
		// A client that rebinds broadcasts, and can be reached.
		deliver(s.raw, query(t, dhcpv4.MessageTypeRequest, dhcpv4.WithClientIP(net.IPv4(192, 0, 2, 100))), "192.0.2.100:68", everybody)
		require.Equal(t, sent("192.0.2.100:68", ""), last(s.udp))
		deliver(s.udp, query(t, dhcpv4.MessageTypeRequest, dhcpv4.WithGatewayIP(net.IPv4(10, 0, 0, 1))), "10.0.0.9:67", "192.0.2.1")
		require.Equal(t, sent("10.0.0.1:67", ""), last(s.udp))
		s.end()
		require.NoError(t, <-s.ended)
	})
}

// whileLooking is a network that calls seen when the server looks at it.
type whileLooking struct {
	*servetest.Network
	seen func()
}

func (n *whileLooking) Links() ([]serve.Link, error) {
	n.seen()
	return n.Network.Links()
}

func TestNotReadyBeforeTheFirstLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Server{Handler: HandlerFunc(echo), Interfaces: []string{"eth0"}}
		var first error
		s.network = &whileLooking{servetest.New(servetest.Ethernet(1, "eth0", "192.0.2.1/24")), func() { first = s.NotReady() }}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.Serve(ctx) }()
		synctest.Wait()
		require.NoError(t, s.NotReady())
		cancel()
		require.NoError(t, <-ended)
		require.ErrorIs(t, first, serve.ErrNotServing)
	})
}

func TestNotReadyUntilEverythingIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		eth0, eth1 := servetest.Ethernet(1, "eth0", "192.0.2.1/24"), servetest.Ethernet(2, "eth1")
		n := servetest.New(eth0, eth1)
		n.Hold("192.0.2.1:67", true)
		s := &Server{Handler: HandlerFunc(echo), Interfaces: []string{"eth0", "eth1"}, network: n}
		require.ErrorIs(t, s.NotReady(), serve.ErrNotServing)
		ended := make(chan error, 1)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { ended <- s.Serve(ctx) }()
		synctest.Wait()
		require.EqualError(t, s.NotReady(), "eth1 has no address\neth0: listen on UDP 192.0.2.1:67: bind: address already in use (another DHCP server is running)")
		require.Nil(t, n.Conn("eth0"), "nothing is answered by half")

		n.Hold("192.0.2.1:67", false)
		time.Sleep(serve.Redetect)
		synctest.Wait()
		require.EqualError(t, s.NotReady(), "eth1 has no address")
		deliver(n.Conn("eth0"), query(t, dhcpv4.MessageTypeDiscover), anyClient, everybody)
		synctest.Wait()
		require.EqualValues(t, 1, s.Counters().Sent, "what is there is served")

		n.Set(eth0, servetest.Ethernet(2, "eth1", "198.51.100.1/24"))
		start := time.Now()
		<-s.Ready()
		require.Equal(t, serve.Redetect, time.Since(start))
		require.NoError(t, s.NotReady())
		cancel()
		require.NoError(t, <-ended)
	})
}

func TestSocketThatFailsIsOpenedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, &Server{Handler: HandlerFunc(echo)})
		s.raw.FailReads(syscall.ENETDOWN)
		time.Sleep(serve.Redetect)
		synctest.Wait()
		require.True(t, s.raw.IsClosed())
		again := s.network.Conn("eth0")
		require.NotSame(t, s.raw, again)
		require.Same(t, s.udp, s.network.Conn("192.0.2.1:67"), "the other one has not failed")
		deliver(again, query(t, dhcpv4.MessageTypeDiscover), anyClient, everybody)
		synctest.Wait()
		require.Len(t, again.Outbox(), 1)
		s.end()
		require.NoError(t, <-s.ended)
	})
}

// TestNoInterfaceIsServedUnlessNamed: a DHCP server that nobody has told where
// to serve would be in the way of the one that is there.
func TestNoInterfaceIsServedUnlessNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Server{Handler: HandlerFunc(echo)}
		n := servetest.New(servetest.Ethernet(1, "eth0", "192.0.2.1/24"))
		s.network = n
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.Serve(ctx) }()
		synctest.Wait()
		require.ErrorContains(t, s.NotReady(), "no interface is named")
		require.Nil(t, n.Conn("eth0"))

		require.NoError(t, s.SetInterfaces([]string{"eth0"}))
		<-s.Ready()
		require.NoError(t, s.SetInterfaces(nil))
		synctest.Wait()
		require.True(t, n.Conn("eth0").IsClosed())
		cancel()
		require.NoError(t, <-ended)
	})
}

func TestSetInterfaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, &Server{Handler: HandlerFunc(echo), Interfaces: []string{"eth0"}})
		s.network.Set(servetest.Ethernet(1, "eth0", "192.0.2.1/24"), servetest.Ethernet(2, "eth1", "198.51.100.1/24"))
		require.Error(t, s.SetInterfaces([]string{"eth0/nonsense"}))
		require.NoError(t, s.SetInterfaces([]string{"eth0", "eth1"}))
		synctest.Wait()
		require.NotNil(t, s.network.Conn("eth1"))
		require.NoError(t, s.SetInterfaces([]string{"eth0"}))
		synctest.Wait()
		require.True(t, s.network.Conn("eth1").IsClosed())
		require.False(t, s.raw.IsClosed(), "it was served all the time")
		s.end()
		require.NoError(t, <-s.ended)
		require.ErrorIs(t, s.SetInterfaces([]string{"eth0"}), serve.ErrNotServing)
	})
}

func TestChangesOfAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		locals := make(chan string, 1)
		s := start(t, &Server{Handler: HandlerFunc(func(ctx context.Context, q *Query) (*Reply, error) {
			locals <- q.Interface + " " + q.Local.String()
			return nil, nil
		})})
		s.network.Set(servetest.Ethernet(1, "eth0", "192.0.2.1/24", "198.51.100.1/24"))
		time.Sleep(serve.Redetect)
		synctest.Wait()
		require.False(t, s.udp.IsClosed(), "its address is still there")
		deliver(s.network.Conn("198.51.100.1:67"), query(t, dhcpv4.MessageTypeRequest), "198.51.100.9:68", "198.51.100.1")
		require.Equal(t, "eth0 198.51.100.1", <-locals)
		deliver(s.network.Conn("eth0"), query(t, dhcpv4.MessageTypeRequest), "198.51.100.9:68", "198.51.100.255")
		require.Equal(t, "eth0 192.0.2.1", <-locals)

		s.network.Set(servetest.Ethernet(1, "eth0", "198.51.100.1/24"))
		time.Sleep(serve.Redetect)
		synctest.Wait()
		require.True(t, s.udp.IsClosed())
		deliver(s.network.Conn("eth0"), query(t, dhcpv4.MessageTypeRequest), anyClient, everybody)
		require.Equal(t, "eth0 198.51.100.1", <-locals)
		s.end()
		require.NoError(t, <-s.ended)
	})
}

func TestServerThatCanNeverWork(t *testing.T) {
	t.Parallel()
	eth0 := servetest.Ethernet(1, "eth0", "192.0.2.1/24")
	denied, udpOnly := servetest.New(eth0), servetest.New(eth0)
	denied.Err = os.NewSyscallError("socket", syscall.EPERM)
	udpOnly.NoRaw = true
	tests := map[string]struct {
		server *Server
		is     error
		text   string
	}{
		"permission": {&Server{network: denied, Interfaces: []string{"*"}}, fs.ErrPermission, "CAP_NET_RAW"},
		"raw":        {&Server{network: udpOnly, SocketType: SocketRaw}, errors.ErrUnsupported, ""},
		"interface":  {&Server{Interfaces: []string{"eth0/2001:db8::1"}}, nil, `"2001:db8::1" is not an IPv4 address`},
		"all of one": {&Server{Interfaces: []string{"*/192.0.2.1"}}, nil, "an address goes with the name of one interface"},
		"no name":    {&Server{Interfaces: []string{""}}, nil, "no name"},
		"type":       {&Server{network: udpOnly, SocketType: 9}, nil, "SocketType(9)"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.server.Handler = HandlerFunc(echo)
			err := tt.server.Serve(t.Context())
			require.Error(t, err)
			if tt.is != nil {
				require.ErrorIs(t, err, tt.is)
			}
			require.ErrorContains(t, err, tt.text)
		})
	}
	require.ErrorContains(t, new(Server).Serve(t.Context()), "no handler")
}

func TestServesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, &Server{Handler: HandlerFunc(echo)})
		require.ErrorContains(t, s.Serve(t.Context()), "serves once")
		s.end()
		require.NoError(t, <-s.ended)
		require.ErrorContains(t, s.Serve(t.Context()), "serves once")
	})
}

func TestOneInterfaceOfAWildcardIsEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := servetest.New(servetest.Ethernet(1, "eth0", "192.0.2.1/24"), servetest.Ethernet(2, "eth1", "198.51.100.1/24"))
		n.Hold("198.51.100.1:67", true)
		var log bytes.Buffer
		s := &Server{Handler: HandlerFunc(echo), Interfaces: []string{"*"}, Logger: slog.New(slog.NewTextHandler(&log, nil)), network: n}
		ended := make(chan error, 1)
		go func() { ended <- s.Serve(t.Context()) }()
		<-s.Ready()
		time.Sleep(10 * serve.Redetect)
		synctest.Wait()
		require.NoError(t, s.NotReady())
		require.NoError(t, s.Close())
		require.NoError(t, <-ended)
		require.Equal(t, 1, strings.Count(log.String(), "198.51.100.1:67: bind: address already in use"), "said, but once")
	})
}
