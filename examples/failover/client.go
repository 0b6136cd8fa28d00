package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// patience is how long a client waits for an answer before it asks again.
const patience = 300 * time.Millisecond

// simulate plays one client after the other until ctx ends, all behind a relay
// agent of their own that knows both servers. n tells it from its like.
func simulate(ctx context.Context, servers []netip.AddrPort, b *book, n int) error {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return err
	}
	defer conn.Close()
	for serial := 0; ctx.Err() == nil; serial++ {
		c := client{conn, servers, net.HardwareAddr{2, byte(n >> 8), byte(n), byte(serial >> 16), byte(serial >> 8), byte(serial)}}
		if err := c.live(ctx, b); err != nil && ctx.Err() == nil {
			return fmt.Errorf("client %v: %w", c.hw, err)
		}
	}
	return nil
}

type client struct {
	conn    *net.UDPConn
	servers []netip.AddrPort
	hw      net.HardwareAddr
}

// live gets a lease and renews it.
func (c client) live(ctx context.Context, b *book) error {
	began := time.Now()
	ack, err := c.lease(ctx)
	for errors.Is(err, errNak) || errors.Is(err, errSilence) {
		// The server that made the offer is gone. The other does not know of
		// it, and may even have given the address to somebody else: the
		// client begins anew.
		ack, err = c.lease(ctx)
	}
	if err != nil {
		return err
	}
	b.acknowledged(c.hw, ack, time.Since(began))

	renew, err := dhcpv4.NewRenewFromAck(ack)
	if err != nil {
		return err
	}
	began = time.Now()
	again, err := c.ask(ctx, renew, forEver)
	if err != nil {
		return fmt.Errorf("renew %v of %v: %w", ack.YourIPAddr, ack.ServerIdentifier(), err)
	}
	if !again.YourIPAddr.Equal(ack.YourIPAddr) {
		return fmt.Errorf("renew %v: got %v", ack.YourIPAddr, again.YourIPAddr)
	}
	b.acknowledged(c.hw, again, time.Since(began))
	return nil
}

// lease goes from DISCOVER to ACK.
func (c client) lease(ctx context.Context) (*dhcpv4.DHCPv4, error) {
	discover, err := dhcpv4.NewDiscovery(c.hw)
	if err != nil {
		return nil, err
	}
	offer, err := c.ask(ctx, discover, forEver)
	if err != nil {
		return nil, err
	}
	request, err := dhcpv4.NewRequestFromOffer(offer)
	if err != nil {
		return nil, err
	}
	return c.ask(ctx, request, 3)
}

var (
	errNak     = errors.New("refused")
	errSilence = errors.New("no answer")
)

const forEver = math.MaxInt

// ask sends a message up to a number of times until it is answered.
func (c client) ask(ctx context.Context, m *dhcpv4.DHCPv4, tries int) (*dhcpv4.DHCPv4, error) {
	m.GatewayIPAddr = net.IPv4(127, 0, 0, 1)
	// RFC 8357: the relay agent is not at port 67, where it would need privileges.
	m.UpdateOption(dhcpv4.OptRelayAgentInfo(dhcpv4.OptGeneric(dhcpv4.GenericOptionCode(19), []byte{0, 0})))
	packet := m.ToBytes()
	for range tries {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		for _, s := range c.servers {
			// While a server is away its port may be reported as closed.
			_, _ = c.conn.WriteToUDPAddrPort(packet, s)
		}
		answer, err := c.await(m.TransactionID)
		if answer != nil || err != nil {
			return answer, err
		}
	}
	return nil, errSilence
}

// await returns the answer to a message, or nil if none comes in time.
func (c client) await(id dhcpv4.TransactionID) (*dhcpv4.DHCPv4, error) {
	if err := c.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	buf := make([]byte, 1500)
	for {
		n, err := c.conn.Read(buf)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, nil
		}
		if err != nil {
			continue
		}
		answer, err := dhcpv4.FromBytes(buf[:n])
		switch {
		case err != nil:
			return nil, err
		case answer.TransactionID != id: // to a message that was sent twice
		case answer.MessageType() == dhcpv4.MessageTypeNak:
			return nil, fmt.Errorf("%w by %v: %s", errNak, answer.ServerIdentifier(), answer.Message())
		default:
			return answer, nil
		}
	}
}
