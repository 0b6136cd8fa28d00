package dhcp6

import (
	"context"
	"net"
	"net/netip"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv6"
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
	probe, err := net.ListenUDP("udp6", nil)
	require.NoError(t, err)
	port := probe.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	require.NoError(t, probe.Close())
	s := &Server{
		Handler:    h,
		Interfaces: []string{link},
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
	return s, netip.AddrPortFrom(netip.IPv6Loopback(), port)
}

func clientOnLoopback(t testing.TB) *net.UDPConn {
	conn, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback})
	if err != nil {
		t.Skip("no IPv6 on loopback: ", err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestLoopbackNeedsNoPrivilege(t *testing.T) {
	t.Parallel()
	client := clientOnLoopback(t)
	_, addr := loopback(t, HandlerFunc(echo), client)
	buf := make([]byte, 1500)
	for _, m := range []dhcpv6.DHCPv6{messageOf(renew), through(messageOf(solicit), agent("2001:db8:1::1", "fe80::9"))} {
		_, err := client.WriteToUDPAddrPort(m.ToBytes(), addr)
		require.NoError(t, err)
		n, from, err := client.ReadFromUDPAddrPort(buf)
		require.NoError(t, err)
		require.Equal(t, addr, from)
		reply, err := dhcpv6.FromBytes(buf[:n])
		require.NoError(t, err)
		inner, err := reply.GetInnerMessage()
		require.NoError(t, err)
		require.Equal(t, dhcpv6.MessageTypeReply, inner.MessageType)
		require.Equal(t, m.IsRelay(), reply.IsRelay())
	}
}

// BenchmarkServer measures queries answered on loopback, with a handler that
// does nothing but reply. The client keeps 128 queries in flight, and costs
// about as much as the server.
func BenchmarkServer(b *testing.B) {
	m := messageOf(request, na(1, "2001:db8:1::10 300 400"), oro(23, 24), with(dhcpv6.OptElapsedTime(0)))
	b.Run("direct", func(b *testing.B) { benchmarkServer(b, m) })
	b.Run("relayed", func(b *testing.B) {
		benchmarkServer(b, through(m, agent("2001:db8:1::1", "fe80::99", dhcpv6.OptInterfaceID([]byte("port 7")))))
	})
}

func benchmarkServer(b *testing.B, m dhcpv6.DHCPv6) {
	client := clientOnLoopback(b)
	reply := messageOf(dhcpv6.MessageTypeReply, toServer(serverDUIDText), na(1, "2001:db8:1::10 300 400"), opt(dhcpv6.OptionDNSRecursiveNameServer, make([]byte, 32)...))
	s, addr := loopback(b, HandlerFunc(func(_ context.Context, q *Query) (*Reply, error) {
		m := *reply
		m.TransactionID = q.Message.TransactionID
		return &Reply{Message: &m}, nil
	}), client)
	packet := m.ToBytes()

	b.ReportAllocs()
	b.ResetTimer()
	require.NoError(b, servetest.Load(client, addr, packet, b.N))
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "queries/s")
	require.Zero(b, s.Counters().Shed)
}
