package testnet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// ErrNak is a client's request that was refused.
var ErrNak = errors.New("refused by DHCPNAK")

// Relayed is a place from which crafted DHCPv4 clients reach a server on
// loopback, without privileges and without hosts: behind a relay agent at
// 127.0.0.1 and a port of its own. One client at a time may use it.
type Relayed struct {
	conn   *net.UDPConn
	server netip.AddrPort
	buf    [2048]byte
}

// patience is how long a relayed client waits before it asks again.
const patience = 200 * time.Millisecond

// NewRelayed returns a place that is closed when the test ends.
func NewRelayed(t testing.TB, server netip.AddrPort) *Relayed {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &Relayed{conn: conn, server: server}
}

// Lease goes from DISCOVER to ACK and returns the ACK. The options are added
// to each message.
func (r *Relayed) Lease(ctx context.Context, hw net.HardwareAddr, options ...dhcpv4.Modifier) (*dhcpv4.DHCPv4, error) {
	discover, err := dhcpv4.NewDiscovery(hw, options...)
	if err != nil {
		return nil, err
	}
	offer, err := r.Ask(ctx, discover)
	if err != nil {
		return nil, fmt.Errorf("DISCOVER of %s: %w", hw, err)
	}
	request, err := dhcpv4.NewRequestFromOffer(offer, options...)
	if err != nil {
		return nil, err
	}
	ack, err := r.Ask(ctx, request)
	if err != nil {
		return nil, fmt.Errorf("REQUEST of %s for %s: %w", hw, offer.YourIPAddr, err)
	}
	return ack, nil
}

// Renew prolongs a lease and returns the ACK.
func (r *Relayed) Renew(ctx context.Context, ack *dhcpv4.DHCPv4, options ...dhcpv4.Modifier) (*dhcpv4.DHCPv4, error) {
	request, err := dhcpv4.NewRenewFromAck(ack, options...)
	if err != nil {
		return nil, err
	}
	again, err := r.Ask(ctx, request)
	if err != nil {
		return nil, fmt.Errorf("renewal of %s by %s: %w", ack.YourIPAddr, ack.ClientHWAddr, err)
	}
	return again, nil
}

// Ask sends a message as relayed, again and again while there is no answer, and
// returns the answer. A DHCPNAK is an error that matches [ErrNak].
func (r *Relayed) Ask(ctx context.Context, m *dhcpv4.DHCPv4) (*dhcpv4.DHCPv4, error) {
	m.GatewayIPAddr = net.IPv4(127, 0, 0, 1)
	// RFC 8357: replies are to come to the port that the query comes from.
	m.UpdateOption(dhcpv4.OptRelayAgentInfo(dhcpv4.OptGeneric(dhcpv4.GenericOptionCode(19), []byte{0, 0})))
	packet := m.ToBytes()
	for ctx.Err() == nil {
		r.Send(packet)
		answer, err := r.receive(m.TransactionID)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
		case err != nil:
			return nil, err
		case answer.MessageType() == dhcpv4.MessageTypeNak:
			return nil, fmt.Errorf("%w: %s", ErrNak, answer.Message())
		default:
			return answer, nil
		}
	}
	return nil, context.Cause(ctx)
}

// Send sends bytes as they are. It does not matter whether the server is there:
// nobody would tell a client.
func (r *Relayed) Send(packet []byte) { _, _ = r.conn.WriteToUDPAddrPort(packet, r.server) }

// receive waits for a while for the answer to a transaction.
func (r *Relayed) receive(id dhcpv4.TransactionID) (*dhcpv4.DHCPv4, error) {
	if err := r.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	for {
		n, err := r.conn.Read(r.buf[:])
		if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, net.ErrClosed) {
			return nil, err
		}
		if err != nil {
			continue // the server's port is closed
		}
		answer, err := dhcpv4.FromBytes(r.buf[:n])
		if err != nil {
			return nil, fmt.Errorf("the server's answer: %w", err)
		}
		if answer.TransactionID == id {
			return answer, nil
		}
	}
}

// Loopback returns the name of the machine's loopback interface.
func Loopback(t testing.TB) string {
	t.Helper()
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range all {
		if i.Flags&net.FlagLoopback != 0 {
			return i.Name
		}
	}
	t.Fatal("this machine has no loopback interface")
	return ""
}

// FreePort returns a UDP port of 127.0.0.1 that nobody listened on a moment
// ago.
func FreePort(t testing.TB) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort()
}
