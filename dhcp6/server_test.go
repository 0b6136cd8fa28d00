package dhcp6

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/serve"
	"github.com/dhcpha/dhcpha/internal/serve/servetest"
)

// messageOf is a message of client 1.
func messageOf(typ dhcpv6.MessageType, mods ...mod) *dhcpv6.Message {
	return queryOf(typ, 1, mods...).Message
}

// through puts a message into Relay-forward messages, the outermost first.
func through(m dhcpv6.DHCPv6, relays ...*dhcpv6.RelayMessage) dhcpv6.DHCPv6 {
	for i := len(relays) - 1; i >= 0; i-- {
		r := *relays[i]
		r.Options.Options = append(r.Options.Options[:len(r.Options.Options):len(r.Options.Options)], dhcpv6.OptRelayMessage(m))
		m = &r
	}
	return m
}

// echo answers everything with a Reply that has the client's DUID in it.
func echo(_ context.Context, q *Query) (*Reply, error) {
	m := &dhcpv6.Message{MessageType: dhcpv6.MessageTypeReply, TransactionID: q.Message.TransactionID}
	m.AddOption(dhcpv6.OptClientID(q.Message.Options.ClientID()))
	return &Reply{Message: m}, nil
}

// served is a server on one interface, eth0 with fe80::1 and 2001:db8::1, in a
// bubble.
type served struct {
	*Server
	network *servetest.Network
	conn    *servetest.Conn
	stop    func()
}

func eth0(addrs ...string) serve.Link {
	return servetest.Ethernet(1, "eth0", append([]string{"fe80::1/64"}, addrs...)...)
}

func start(t *testing.T, s *Server) *served {
	t.Helper()
	n := servetest.New(eth0("2001:db8::1/64"))
	n.Kind = serve.PerLink
	s.network = n
	if s.Interfaces == nil {
		s.Interfaces = []string{"eth0"}
	}
	stop := goServe(t, s)
	<-s.Ready()
	return &served{s, n, n.Conn("eth0"), stop}
}

// goServe serves until stop is called.
func goServe(t *testing.T, s *Server) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx) }()
	return func() {
		cancel()
		require.NoError(t, <-ended)
	}
}

const (
	aClient = "[fe80::99]:546"
	servers = "ff02::1:2"
)

func TestRepliesGoBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, &Server{Handler: HandlerFunc(echo)})
		relay := agent("2001:db8:1::1", "fe80::99")
		withPort := agent("2001:db8:1::1", "fe80::99", dhcpv6.OptRelayPort(0))
		for name, tt := range map[string]struct {
			message           dhcpv6.DHCPv6
			from, at          string
			wantTo, wantLocal string // empty: the system chooses
		}{
			"link-local client":                {messageOf(solicit), aClient, servers, aClient, "fe80::1"},
			"any port of a client":             {messageOf(solicit), "[fe80::99]:40000", servers, aClient, "fe80::1"},
			"client with an address":           {messageOf(register), "[2001:db8::99]:546", servers, "[2001:db8::99]:546", ""},
			"unicast to an address":            {messageOf(renew), "[2001:db8::99]:546", "2001:db8::1", "[2001:db8::99]:546", "2001:db8::1"},
			"unicast to the link-local":        {messageOf(renew), aClient, "fe80::1", aClient, "fe80::1"},
			"relayed":                          {through(messageOf(solicit), relay), "[2001:db8:2::1]:547", "2001:db8::1", "[2001:db8:2::1]:547", "2001:db8::1"},
			"relayed by multicast":             {through(messageOf(solicit), relay), "[2001:db8:2::1]:547", "ff05::1:3", "[2001:db8:2::1]:547", ""},
			"relayed from another port":        {through(messageOf(solicit), relay), "[2001:db8:2::1]:40000", "ff05::1:3", "[2001:db8:2::1]:547", ""},
			"relay source port":                {through(messageOf(solicit), withPort), "[2001:db8:2::1]:40000", "2001:db8::1", "[2001:db8:2::1]:40000", "2001:db8::1"},
			"relay source port of another one": {through(messageOf(solicit), relay, withPort), "[2001:db8:2::1]:40000", "2001:db8::1", "[2001:db8:2::1]:547", "2001:db8::1"},
			"link-local relay agent":           {through(messageOf(solicit), relay), "[fe80::98]:547", servers, "[fe80::98]:547", "fe80::1"},
		} {
			s.conn.Deliver(tt.message.ToBytes(), tt.from, tt.at, 1)
			synctest.Wait()
			all := s.conn.Outbox()
			d := all[len(all)-1]
			d.Payload = nil
			want := servetest.Datagram{Remote: netip.MustParseAddrPort(tt.wantTo), Ifindex: 1}
			if tt.wantLocal != "" {
				want.Local = netip.MustParseAddr(tt.wantLocal)
			}
			require.Equal(t, want, d, name)
		}
		require.Empty(t, s.Counters().Refused)
		s.stop()
	})
}

func TestClientPort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, &Server{Handler: HandlerFunc(echo), ClientPort: 1546})
		s.conn.Deliver(messageOf(solicit).ToBytes(), aClient, servers, 1)
		s.conn.Deliver(through(messageOf(solicit), agent("::", "fe80::99")).ToBytes(), "[2001:db8:2::1]:547", "2001:db8::1", 1)
		synctest.Wait()
		var to []string
		for _, d := range s.conn.Outbox() {
			to = append(to, d.Remote.String())
		}
		require.ElementsMatch(t, []string{"[fe80::99]:1546", "[2001:db8:2::1]:1546"}, to)
		s.stop()
	})
}

// What the handler sees of a query, and what leads back of the relay agents,
// although the handler has spoilt what it was given.
func TestRelayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queries := make(chan *Query, 1)
		s := start(t, &Server{Handler: HandlerFunc(func(ctx context.Context, q *Query) (*Reply, error) {
			seen := *q
			queries <- &seen
			r, err := echo(ctx, q)
			for _, relay := range q.Relays {
				clear(relay.LinkAddr)
				relay.Options = dhcpv6.RelayOptions{}
			}
			*q = Query{}
			return r, err
		})})
		far := agent("2001:db8:2::1", "2001:db8:1::1", dhcpv6.OptInterfaceID([]byte("far")), &dhcpv6.OptRemoteID{EnterpriseNumber: 1, RemoteID: []byte("x")}, dhcpv6.OptRelayPort(0))
		far.HopCount = 1
		near := agent("2001:db8:1::1", "fe80::99", dhcpv6.OptInterfaceID([]byte("near")))
		m := messageOf(solicit, na(1))
		s.conn.Deliver(through(m, far, near).ToBytes(), "[2001:db8:2::1]:40000", "2001:db8::1", 1)
		q := <-queries
		require.Equal(t, m.ToBytes(), q.Message.ToBytes())
		require.Equal(t, len(m.ToBytes()), q.Length)
		require.Len(t, q.Relays, 2)
		require.Equal(t, "eth0", q.Interface)
		require.True(t, q.Unicast)
		require.Equal(t, netip.MustParseAddr("2001:db8::1"), q.Local)
		require.Equal(t, netip.MustParseAddrPort("[2001:db8:2::1]:40000"), q.Source)
		synctest.Wait()

		got, err := dhcpv6.FromBytes(s.conn.Outbox()[0].Payload)
		require.NoError(t, err)
		reply, err := echo(t.Context(), &Query{Message: m})
		require.NoError(t, err)
		want := through(reply.Message,
			&dhcpv6.RelayMessage{MessageType: dhcpv6.MessageTypeRelayReply, HopCount: 1, LinkAddr: net.ParseIP("2001:db8:2::1"), PeerAddr: net.ParseIP("2001:db8:1::1"),
				Options: dhcpv6.RelayOptions{Options: dhcpv6.Options{dhcpv6.OptInterfaceID([]byte("far")), dhcpv6.OptRelayPort(0)}}},
			&dhcpv6.RelayMessage{MessageType: dhcpv6.MessageTypeRelayReply, LinkAddr: net.ParseIP("2001:db8:1::1"), PeerAddr: net.ParseIP("fe80::99"),
				Options: dhcpv6.RelayOptions{Options: dhcpv6.Options{dhcpv6.OptInterfaceID([]byte("near"))}}})
		require.Equal(t, want.ToBytes(), got.ToBytes())
		require.Equal(t, map[dhcpv6.MessageType]uint64{dhcpv6.MessageTypeReply: 1}, s.Counters().SentTypes)
		s.stop()
	})
}

func TestEveryDatagramIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, &Server{Handler: HandlerFunc(echo)})
		s.conn.Deliver([]byte("?"), aClient, servers, 1)
		s.conn.Deliver(messageOf(dhcpv6.MessageTypeReply).ToBytes(), aClient, servers, 1)
		s.conn.Deliver(messageOf(77).ToBytes(), aClient, servers, 1)
		s.conn.Deliver(messageOf(renew).ToBytes(), aClient, "2001:db8:9::1", 1) // nobody's here
		s.conn.Deliver(messageOf(solicit).ToBytes(), aClient, servers, 2)       // nor is that interface
		s.conn.Deliver(messageOf(solicit).ToBytes(), aClient, "2001:db8::1", 1)
		s.conn.Deliver(messageOf(solicit).ToBytes(), "[::]:546", servers, 1)
		s.conn.Deliver(messageOf(solicit, with(&dhcpv6.OptionGeneric{OptionCode: dhcpv6.OptionIANA, OptionData: []byte("short")})).ToBytes(), aClient, servers, 1)
		s.conn.Deliver(messageOf(solicit).ToBytes(), aClient, servers, 1)
		synctest.Wait()
		c := s.Counters()
		require.EqualValues(t, 9, c.Received)
		require.Equal(t, map[Refusal]uint64{RefusedTooShort: 1, RefusedType: 2, RefusedElsewhere: 2, RefusedUnicast: 1, RefusedSource: 1, RefusedOptions: 1}, c.Refused)
		require.Equal(t, map[dhcpv6.MessageType]uint64{solicit: 5, renew: 1, dhcpv6.MessageTypeReply: 1, dhcpv6.MessageTypeNone: 1}, c.ReceivedTypes)
		require.Equal(t, map[dhcpv6.MessageType]uint64{dhcpv6.MessageTypeReply: 1}, c.SentTypes)
		require.EqualValues(t, servetest.Overflowed, c.Overflowed)
		s.conn.FailWrites(syscall.ENOBUFS)
		s.conn.Deliver(messageOf(solicit).ToBytes(), aClient, servers, 1)
		synctest.Wait()
		require.EqualValues(t, 1, s.Counters().Unsent)
		s.stop()
	})
}

func TestShedsFirstWhatTriesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := start(t, &Server{MaxInFlight: 10, Handler: HandlerFunc(func(context.Context, *Query) (*Reply, error) {
			<-release
			return nil, nil
		})})
		deliver := func(typ dhcpv6.MessageType, n int) Counters {
			for range n {
				s.conn.Deliver(messageOf(typ).ToBytes(), aClient, servers, 1)
			}
			synctest.Wait()
			return s.Counters()
		}
		c := deliver(solicit, 7)
		require.EqualValues(t, 5, c.InFlight)
		require.EqualValues(t, 2, c.Shed)
		c = deliver(information, 1)
		require.EqualValues(t, 3, c.Shed)
		c = deliver(renew, 8)
		require.EqualValues(t, 10, c.InFlight)
		require.EqualValues(t, 6, c.Shed)
		close(release)
		s.stop()
		require.EqualValues(t, 10, s.Counters().Silent)
	})
}

func TestPanicIsContained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := start(t, &Server{
			Logger: slog.New(slog.NewTextHandler(&log, nil)),
			Handler: HandlerFunc(func(ctx context.Context, q *Query) (*Reply, error) {
				switch q.Message.MessageType {
				case solicit:
					q.Message = nil
					panic("out of order")
				case renew:
					return nil, errors.New("out of addresses")
				case request:
					return &Reply{Message: &dhcpv6.Message{Options: dhcpv6.MessageOptions{Options: dhcpv6.Options{nil}}}}, nil
				}
				return echo(ctx, q)
			}),
		})
		for _, typ := range []dhcpv6.MessageType{solicit, renew, request, rebind} {
			s.conn.Deliver(messageOf(typ).ToBytes(), aClient, servers, 1)
			synctest.Wait()
		}
		c := s.Counters()
		require.EqualValues(t, 1, c.Panicked)
		require.EqualValues(t, 1, c.Failed)
		require.EqualValues(t, 1, c.Unsent)
		require.EqualValues(t, 1, c.Sent)
		require.Zero(t, c.InFlight)
		s.stop()
		require.Contains(t, log.String(), "out of order")
		require.Contains(t, log.String(), "server_test.go", "the stack")
		require.Contains(t, log.String(), "out of addresses")
		require.Contains(t, log.String(), "encoding panicked")
		require.Contains(t, log.String(), "client=00030001020000000001")
	})
}

// A reply may be longer than any query.
func TestLongReply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, &Server{Handler: HandlerFunc(func(ctx context.Context, q *Query) (*Reply, error) {
			r, err := echo(ctx, q)
			n := 60000
			if q.Message.MessageType == renew {
				n = 65535
			}
			r.Message.AddOption(&dhcpv6.OptionGeneric{OptionCode: 65000, OptionData: make([]byte, n)})
			return r, err
		})})
		s.conn.Deliver(messageOf(solicit).ToBytes(), aClient, servers, 1)
		synctest.Wait()
		require.Greater(t, len(s.conn.Outbox()[0].Payload), 60000)
		s.conn.Deliver(messageOf(renew).ToBytes(), aClient, servers, 1)
		synctest.Wait()
		require.EqualValues(t, 1, s.Counters().Unsent)
		s.stop()
	})
}

func TestNotReadyUntilEverythingIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := servetest.New(eth0(), servetest.Ethernet(2, "eth1", "2001:db8:2::1/64"))
		n.Kind = serve.PerLink
		s := &Server{Handler: HandlerFunc(echo), Interfaces: []string{"eth0", "eth1/2001:db8:2::1"}, network: n}
		require.ErrorIs(t, s.NotReady(), serve.ErrNotServing)
		stop := goServe(t, s)
		synctest.Wait()
		require.EqualError(t, s.NotReady(), "eth1 has no link-local address")
		n.Conn("eth0").Deliver(messageOf(solicit).ToBytes(), aClient, servers, 1)
		synctest.Wait()
		require.EqualValues(t, 1, s.Counters().Sent, "what is there is served")

		n.Set(eth0(), servetest.Ethernet(2, "eth1", "2001:db8:2::1/64", "fe80::2/64", "2001:db8:2::2/64"))
		<-s.Ready()
		require.NoError(t, s.NotReady())
		n.Conn("eth1").Deliver(messageOf(renew).ToBytes(), aClient, "2001:db8:2::2", 2)
		synctest.Wait()
		require.Equal(t, map[Refusal]uint64{RefusedElsewhere: 1}, s.Counters().Refused, "another address was named")
		n.Conn("eth1").Deliver(messageOf(renew).ToBytes(), aClient, "2001:db8:2::1", 2)
		n.Conn("eth1").Deliver(messageOf(solicit).ToBytes(), aClient, servers, 2)
		synctest.Wait()
		require.EqualValues(t, 3, s.Counters().Sent)
		stop()
	})
}

func TestChangesOfAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		locals := make(chan string, 1)
		s := start(t, &Server{Handler: HandlerFunc(func(_ context.Context, q *Query) (*Reply, error) {
			locals <- q.Local.String()
			return nil, nil
		})})
		s.network.Set(eth0("2001:db8::2/64"))
		time.Sleep(serve.Redetect)
		synctest.Wait()
		require.False(t, s.conn.IsClosed(), "it is for all addresses")
		s.conn.Deliver(messageOf(renew).ToBytes(), aClient, "2001:db8::2", 1)
		require.Equal(t, "2001:db8::2", <-locals)
		s.conn.Deliver(messageOf(renew).ToBytes(), aClient, "2001:db8::1", 1)
		synctest.Wait()
		require.Equal(t, map[Refusal]uint64{RefusedElsewhere: 1}, s.Counters().Refused)

		s.network.Set(servetest.Ethernet(1, "eth0", "fe80::2/64"))
		time.Sleep(serve.Redetect)
		synctest.Wait()
		s.conn.Deliver(messageOf(solicit).ToBytes(), aClient, servers, 1)
		require.Equal(t, "fe80::2", <-locals)

		s.network.Set(servetest.Ethernet(7, "eth0", "fe80::2/64")) // another link of that name
		time.Sleep(serve.Redetect)
		synctest.Wait()
		require.True(t, s.conn.IsClosed())
		s.network.Conn("eth0").Deliver(messageOf(solicit).ToBytes(), aClient, servers, 7)
		require.Equal(t, "fe80::2", <-locals)
		s.stop()
	})
}

func TestSetInterfaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, &Server{Handler: HandlerFunc(echo)})
		s.network.Set(eth0(), servetest.Ethernet(2, "eth1", "fe80::2/64"))
		require.EqualError(t, s.SetInterfaces([]string{"eth0/192.0.2.1"}), `dhcp6: interfaces: interface "eth0/192.0.2.1": "192.0.2.1" is not an IPv6 address`)
		require.NoError(t, s.SetInterfaces([]string{"eth0", "eth1"}))
		synctest.Wait()
		require.NotNil(t, s.network.Conn("eth1"))
		require.NoError(t, s.SetInterfaces([]string{"eth0"}))
		synctest.Wait()
		require.True(t, s.network.Conn("eth1").IsClosed())
		require.False(t, s.conn.IsClosed(), "it was served all the time")
		s.stop()
		require.ErrorIs(t, s.SetInterfaces([]string{"eth0"}), serve.ErrNotServing)
	})
}

// Where one socket serves all links, it has to join the groups on each.
func TestOneSocketForAllLinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := servetest.New(eth0())
		s := &Server{Handler: HandlerFunc(echo), Interfaces: []string{"*"}, network: n}
		stop := goServe(t, s)
		<-s.Ready()
		conn := n.Conn("[::]:547")
		require.Equal(t, []string{"eth0"}, conn.Joined())
		n.Set(eth0(), servetest.Ethernet(2, "eth1", "fe80::2/64"))
		time.Sleep(serve.Redetect)
		synctest.Wait()
		require.Equal(t, []string{"eth0", "eth1"}, conn.Joined())
		conn.Deliver(messageOf(solicit).ToBytes(), aClient, servers, 2)
		synctest.Wait()
		require.Equal(t, 2, conn.Outbox()[0].Ifindex)
		require.Equal(t, netip.MustParseAddr("fe80::2"), conn.Outbox()[0].Local)
		stop()
	})
}

func TestCloseStopsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, &Server{Handler: HandlerFunc(func(ctx context.Context, q *Query) (*Reply, error) {
			<-ctx.Done()
			return echo(ctx, q)
		})})
		s.conn.Deliver(messageOf(solicit).ToBytes(), aClient, servers, 1)
		synctest.Wait()
		require.NoError(t, s.Close())
		s.stop()
		require.Empty(t, s.conn.Outbox())
		require.EqualValues(t, 1, s.Counters().Unsent)
		require.ErrorIs(t, s.Serve(t.Context()), net.ErrClosed)
	})
}

func TestServerThatCanNeverWork(t *testing.T) {
	t.Parallel()
	denied := servetest.New(eth0())
	denied.Err = os.NewSyscallError("setsockopt", syscall.EPERM)
	s := &Server{Handler: HandlerFunc(echo), Interfaces: []string{"*"}, network: denied}
	err := s.Serve(t.Context())
	require.ErrorIs(t, err, fs.ErrPermission)
	require.ErrorContains(t, err, "dhcp6: serve: eth0: listen on UDP [::]:547: setsockopt")
	require.ErrorContains(t, (&Server{}).Serve(t.Context()), "no handler")
}
