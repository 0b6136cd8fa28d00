package dhcp4

import (
	"context"
	"net"
	"net/netip"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/serve/servetest"
)

// loopback runs a server on loopback, which needs no privilege, and gives its
// address. Replies go to the port of client.
func loopback(t testing.TB, h Handler, client *net.UDPConn) (*Server, netip.AddrPort) {
	t.Helper()
	link := servetest.Loopback()
	if link == "" {
		t.Fatal("this machine has no loopback interface")
	}
	// A port that is free now: the server takes none that another one has.
	probe, err := net.ListenUDP("udp4", nil)
	require.NoError(t, err)
	port := probe.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	require.NoError(t, probe.Close())
	s := &Server{
		Handler:    h,
		Interfaces: []string{link},
		SocketType: SocketUDP,
		Port:       port,
		ClientPort: client.LocalAddr().(*net.UDPAddr).AddrPort().Port(),
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	select {
	case <-s.Ready():
	case err := <-ended:
		ended <- err
		require.NoError(t, err)
	}
	return s, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)
}

func clientOnLoopback(t testing.TB) *net.UDPConn {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestLoopbackNeedsNoPrivilege(t *testing.T) {
	t.Parallel()
	client := clientOnLoopback(t)
	queries := make(chan *Query, 1)
	_, addr := loopback(t, HandlerFunc(func(ctx context.Context, q *Query) (*Reply, error) {
		queries <- q
		return echo(ctx, q)
	}), client)
	buf := make([]byte, 1500)
	for _, m := range []*dhcpv4.DHCPv4{
		query(t, dhcpv4.MessageTypeRequest, dhcpv4.WithGatewayIP(net.IPv4(127, 0, 0, 1))),
		query(t, dhcpv4.MessageTypeInform, dhcpv4.WithClientIP(net.IPv4(127, 0, 0, 1))),
	} {
		_, err := client.WriteToUDPAddrPort(m.ToBytes(), addr)
		require.NoError(t, err)
		q := <-queries
		require.True(t, q.Unicast)
		require.Equal(t, addr.Addr(), q.Local)
		n, from, err := client.ReadFromUDPAddrPort(buf)
		require.NoError(t, err)
		require.Equal(t, addr, from)
		reply, err := dhcpv4.FromBytes(buf[:n])
		require.NoError(t, err)
		require.Equal(t, dhcpv4.MessageTypeAck, reply.MessageType())
	}
}

// BenchmarkServer measures queries answered on loopback, with a handler that
// does nothing but reply. The client keeps 128 queries in flight, and costs
// about as much as the server.
func BenchmarkServer(b *testing.B) {
	client := clientOnLoopback(b)
	reply, err := dhcpv4.NewReplyFromRequest(query(b, dhcpv4.MessageTypeRequest, dhcpv4.WithGatewayIP(net.IPv4(127, 0, 0, 1))),
		dhcpv4.WithMessageType(dhcpv4.MessageTypeAck), dhcpv4.WithYourIP(net.IPv4(192, 0, 2, 100)),
		dhcpv4.WithServerIP(net.IPv4(192, 0, 2, 1)), dhcpv4.WithLeaseTime(3600), dhcpv4.WithNetmask(net.CIDRMask(24, 32)),
		dhcpv4.WithOption(dhcpv4.OptServerIdentifier(net.IPv4(192, 0, 2, 1))), dhcpv4.WithDNS(net.IPv4(192, 0, 2, 2)))
	require.NoError(b, err)
	s, addr := loopback(b, HandlerFunc(func(_ context.Context, q *Query) (*Reply, error) {
		m := *reply
		m.TransactionID = q.Message.TransactionID
		return &Reply{Message: &m}, nil
	}), client)
	packet := query(b, dhcpv4.MessageTypeRequest, dhcpv4.WithGatewayIP(net.IPv4(127, 0, 0, 1)),
		dhcpv4.WithRequestedOptions(dhcpv4.OptionSubnetMask, dhcpv4.OptionRouter, dhcpv4.OptionDomainNameServer),
		dhcpv4.WithOption(dhcpv4.OptHostName("client-1")), dhcpv4.WithOption(dhcpv4.OptClientIdentifier([]byte{1, 2, 0, 0, 0, 0, 1}))).ToBytes()

	b.ReportAllocs()
	b.ResetTimer()
	require.NoError(b, servetest.Load(client, addr, packet, b.N))
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "queries/s")
	require.Zero(b, s.Counters().Shed)
}
