package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// crowd4 is a crowd of DHCPv4 clients.
type crowd4 struct {
	*station

	mu  sync.Mutex
	xid uint32
}

// newCrowd4 returns the crowd on a link. Its host answers ARP for the addresses
// that clients are given.
func newCrowd4(t *testing.T, h *testnet.Host, link, pool string) *crowd4 {
	return &crowd4{station: newStation(t, h, link, nil, pool)}
}

// ask asks by broadcast.
func (c *crowd4) ask(client int, mods ...dhcpv4.Modifier) asking[reply] {
	return func(ctx context.Context, waited time.Duration) (*reply, error) {
		q := c.from(c.hw(client), append([]dhcpv4.Modifier{
			text(61, fmt.Sprintf("\x00client-%d", client)),
			// In Kea's arithmetic 256 seconds are one.
			func(m *dhcpv4.DHCPv4) { m.NumSeconds = uint16(min(waited/time.Second, 255)) },
		}, mods...)...)
		c.mu.Lock()
		c.xid++
		binary.BigEndian.PutUint32(q.message[4:], c.xid)
		c.mu.Unlock()
		return awaitReply(ctx, client, c.send(q))
	}
}

func (c *crowd4) hw(client int) net.HardwareAddr { return mac(0x100000 + client) }

func (c *crowd4) offer(ctx context.Context, client int) (haLease, error) {
	offer, err := c.ask(client, kind(dhcpv4.MessageTypeDiscover)).until(ctx, 0)
	l, _ := leaseOf4(client, offer)
	return l, err
}

func (c *crowd4) request(ctx context.Context, offered haLease) (haLease, bool, error) {
	ack, err := c.ask(offered.client, kind(dhcpv4.MessageTypeRequest),
		addrOpt(50, offered.addr.String()), addrOpt(54, offered.server)).until(ctx, tries)
	l, ok := leaseOf4(offered.client, ack)
	return l, ok, err
}

func (c *crowd4) renew(ctx context.Context, l haLease) (haLease, bool, error) {
	ack, err := c.ask(l.client, kind(dhcpv4.MessageTypeRequest), ciaddr(l.addr.String())).until(ctx, 0)
	renewed, ok := leaseOf4(l.client, ack)
	return renewed, ok, err
}

func (c *crowd4) release(ctx context.Context, l haLease) error {
	_, err := c.ask(l.client, kind(dhcpv4.MessageTypeRelease), ciaddr(l.addr.String()), addrOpt(54, l.server))(ctx, 0)
	return err
}

func (c *crowd4) decline(ctx context.Context, l haLease) error {
	_, err := c.ask(l.client, kind(dhcpv4.MessageTypeDecline), addrOpt(50, l.addr.String()), addrOpt(54, l.server))(ctx, 0)
	return err
}

// leaseOf4 returns what an OFFER or ACK gives.
func leaseOf4(client int, r *reply) (l haLease, ok bool) {
	l.client = client
	if r != nil {
		server, _ := netip.AddrFromSlice(r.options[54])
		l.addr, l.server = r.yiaddr, server.String()
		ok = r.kind() != dhcpv4.MessageTypeNak
	}
	return l, ok
}
