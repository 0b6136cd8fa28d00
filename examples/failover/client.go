package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// patience is how long a client waits for an answer before it asks again.
const patience = 300 * time.Millisecond

// simulate plays one client after the other until ctx ends, all behind a relay
// agent of their own. n tells it from its like.
func simulate(ctx context.Context, server netip.AddrPort, b *book, n int) error {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return err
	}
	defer conn.Close()
	for serial := 0; ctx.Err() == nil; serial++ {
		c := client{conn, server, net.HardwareAddr{2, byte(n), byte(serial >> 24), byte(serial >> 16), byte(serial >> 8), byte(serial)}}
		if err := c.live(ctx, b); err != nil && ctx.Err() == nil {
			return fmt.Errorf("client %v: %w", c.hw, err)
		}
	}
	return nil
}

type client struct {
	conn   *net.UDPConn
	server netip.AddrPort
	hw     net.HardwareAddr
}

// live gets a lease and renews it.
func (c client) live(ctx context.Context, b *book) error {
	ack, took, err := c.lease(ctx)
	for errors.Is(err, errNak) {
		// A server that was away does not remember what it offered, and may
		// have given it to somebody else: the client begins anew.
		ack, took, err = c.lease(ctx)
	}
	if err != nil {
		return err
	}
	b.leased(c.hw, ack, took)

	renew, err := dhcpv4.NewRenewFromAck(ack)
	if err != nil {
		return err
	}
	again, took, err := c.ask(ctx, renew)
	if err != nil {
		return fmt.Errorf("renew %v: %w", ack.YourIPAddr, err)
	}
	if !again.YourIPAddr.Equal(ack.YourIPAddr) {
		return fmt.Errorf("renew %v: got %v", ack.YourIPAddr, again.YourIPAddr)
	}
	b.renewed(c.hw, again, took)
	return nil
}

// lease goes from DISCOVER to ACK. took is the time from REQUEST to ACK.
func (c client) lease(ctx context.Context) (ack *dhcpv4.DHCPv4, took time.Duration, err error) {
	discover, err := dhcpv4.NewDiscovery(c.hw)
	if err != nil {
		return nil, 0, err
	}
	offer, _, err := c.ask(ctx, discover)
	if err != nil {
		return nil, 0, err
	}
	request, err := dhcpv4.NewRequestFromOffer(offer)
	if err != nil {
		return nil, 0, err
	}
	return c.ask(ctx, request)
}

var errNak = errors.New("refused")

// ask sends a message, again and again, until it is answered, and says how
// long the last try took.
func (c client) ask(ctx context.Context, m *dhcpv4.DHCPv4) (*dhcpv4.DHCPv4, time.Duration, error) {
	m.GatewayIPAddr = net.IPv4(127, 0, 0, 1)
	// RFC 8357: the relay agent is not at port 67, where it would need privileges.
	m.UpdateOption(dhcpv4.OptRelayAgentInfo(dhcpv4.OptGeneric(dhcpv4.GenericOptionCode(19), []byte{0, 0})))
	packet, buf := m.ToBytes(), make([]byte, 1500)
	for ctx.Err() == nil {
		sent := time.Now()
		// While the server is away its port may be reported as closed.
		_, _ = c.conn.WriteToUDPAddrPort(packet, c.server)
		if err := c.conn.SetReadDeadline(sent.Add(patience)); err != nil {
			return nil, 0, err
		}
		for {
			n, err := c.conn.Read(buf)
			if errors.Is(err, os.ErrDeadlineExceeded) {
				break
			}
			if err != nil {
				continue
			}
			answer, err := dhcpv4.FromBytes(buf[:n])
			if err != nil {
				return nil, 0, err
			}
			if answer.TransactionID != m.TransactionID {
				continue // to a message that was sent twice
			}
			if answer.MessageType() == dhcpv4.MessageTypeNak {
				return nil, 0, fmt.Errorf("%w: %s", errNak, answer.Message())
			}
			return answer, time.Since(sent), nil
		}
	}
	return nil, 0, context.Cause(ctx)
}
