package main

import (
	"net"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/stretchr/testify/require"
)

// ask sends a query to a responder at loopback and returns what it answers.
func ask(t *testing.T, host string, answer func([]byte) ([]byte, error), query []byte) []byte {
	t.Helper()
	conn, err := net.ListenPacket("udp", net.JoinHostPort(host, "0"))
	require.NoError(t, err)
	done := make(chan error)
	go func() { done <- serve(conn, answer) }()
	defer func() {
		conn.Close()
		require.ErrorIs(t, <-done, net.ErrClosed)
	}()
	client, err := net.Dial("udp", conn.LocalAddr().String())
	require.NoError(t, err)
	defer client.Close()
	_, err = client.Write([]byte("nonsense is not answered"))
	require.NoError(t, err)
	_, err = client.Write(query)
	require.NoError(t, err)
	require.NoError(t, client.SetReadDeadline(time.Now().Add(5*time.Second)))
	buf := make([]byte, 1500)
	n, err := client.Read(buf)
	require.NoError(t, err)
	return buf[:n]
}

func TestV4(t *testing.T) {
	t.Parallel()
	r := &v4{server: net.IPv4(127, 0, 0, 1).To4()}
	hw := net.HardwareAddr{2, 0, 0, 0, 0, 1}
	d, err := dhcpv4.NewDiscovery(hw)
	require.NoError(t, err)
	offer, err := dhcpv4.FromBytes(ask(t, "127.0.0.1", r.answer, d.ToBytes()))
	require.NoError(t, err)
	require.Equal(t, dhcpv4.MessageTypeOffer, offer.MessageType())
	require.Equal(t, "10.0.0.1", offer.YourIPAddr.String())
	q, err := dhcpv4.NewRequestFromOffer(offer)
	require.NoError(t, err)
	ack, err := dhcpv4.FromBytes(ask(t, "127.0.0.1", r.answer, q.ToBytes()))
	require.NoError(t, err)
	require.Equal(t, dhcpv4.MessageTypeAck, ack.MessageType())
	require.Equal(t, "10.0.0.1", ack.YourIPAddr.String())
	require.Equal(t, 2*time.Hour, ack.IPAddressLeaseTime(0))
}

func TestV6(t *testing.T) {
	t.Parallel()
	r := new(v6)
	relayed := func(m *dhcpv6.Message) *dhcpv6.Message {
		t.Helper()
		outer, err := dhcpv6.EncapsulateRelay(m, dhcpv6.MessageTypeRelayForward, net.IPv6loopback, net.IPv6loopback)
		require.NoError(t, err)
		d, err := dhcpv6.FromBytes(ask(t, "::1", r.answer, outer.ToBytes()))
		require.NoError(t, err)
		inner, err := d.GetInnerMessage()
		require.NoError(t, err)
		require.Equal(t, m.TransactionID, inner.TransactionID)
		require.Equal(t, m.Options.OneIANA().IaId, inner.Options.OneIANA().IaId)
		require.Equal(t, "fd78::1:0:1", inner.Options.OneIANA().Options.OneAddress().IPv6Addr.String())
		return inner
	}
	solicit, err := dhcpv6.NewSolicit(net.HardwareAddr{2, 0, 0, 0, 0, 1})
	require.NoError(t, err)
	advertise := relayed(solicit)
	require.Equal(t, dhcpv6.MessageTypeAdvertise, advertise.MessageType)
	request, err := dhcpv6.NewRequestFromAdvertise(advertise)
	require.NoError(t, err)
	require.Equal(t, dhcpv6.MessageTypeReply, relayed(request).MessageType)
}
