package testnet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// ErrNak is a client's request that was refused.
var ErrNak = errors.New("refused by DHCPNAK")

// Relayed is a place from which crafted DHCPv4 clients reach a server on
// loopback, without privileges and without hosts: behind a relay agent at
// 127.0.0.1 and a port of its own. One client at a time may use it.
type Relayed struct{ place }

// NewRelayed returns a place that is closed when the test ends.
func NewRelayed(t testing.TB, server netip.AddrPort) *Relayed {
	t.Helper()
	return &Relayed{newPlace(t, server)}
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
	var answer *dhcpv4.DHCPv4
	err := r.ask(ctx, packet, func(p []byte) (ok bool, err error) {
		if answer, err = dhcpv4.FromBytes(p); err != nil {
			return false, fmt.Errorf("the server's answer: %w", err)
		}
		return answer.TransactionID == m.TransactionID, nil
	})
	if err != nil {
		return nil, err
	}
	if answer.MessageType() == dhcpv4.MessageTypeNak {
		return nil, fmt.Errorf("%w: %s", ErrNak, answer.Message())
	}
	return answer, nil
}
