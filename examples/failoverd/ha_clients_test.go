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
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// crowd is any number of clients on one link, each known by a number. The test
// fails if any query is ever answered twice.
type crowd struct {
	*station

	mu  sync.Mutex
	xid uint32
}

// newCrowd returns the crowd on a link. Its host answers ARP for the addresses
// that clients are given.
func newCrowd(t *testing.T, h *testnet.Host, link, pool string) *crowd {
	return &crowd{station: newStation(t, h, link, nil, pool)}
}

// patience is how long a client waits for an answer before it asks again.
const patience = 400 * time.Millisecond

// haLease is what a client has got.
type haLease struct {
	client int
	addr   netip.Addr
	server netip.Addr // who gave it
}

func (c *crowd) hw(client int) net.HardwareAddr { return mac(0x100000 + client) }

// ask asks by broadcast until somebody answers, and says for how long it has
// been asking, as clients do. tries 0: until ctx ends.
func (c *crowd) ask(ctx context.Context, client, tries int, mods ...dhcpv4.Modifier) (*reply, error) {
	began := time.Now()
	for n := 0; tries == 0 || n < tries; n++ {
		r, err := c.once(ctx, client, time.Since(began), mods...)
		if r != nil || err != nil {
			return r, err
		}
	}
	return nil, fmt.Errorf("client %d: no answer to %d queries", client, tries)
}

// once sends one query and returns its answer; nil: there was none.
func (c *crowd) once(ctx context.Context, client int, waited time.Duration, mods ...dhcpv4.Modifier) (*reply, error) {
	q := c.from(c.hw(client), append([]dhcpv4.Modifier{
		text(61, fmt.Sprintf("\x00client-%d", client)),
		// In Kea's arithmetic 256 seconds are one.
		func(m *dhcpv4.DHCPv4) { m.NumSeconds = uint16(min(waited/time.Second, 255)) },
	}, mods...)...)
	c.mu.Lock()
	c.xid++
	binary.BigEndian.PutUint32(q.message[4:], c.xid)
	c.mu.Unlock()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case r := <-c.send(q):
		return r, nil
	case <-timer.C:
		return nil, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("client %d: %w", client, context.Cause(ctx))
	}
}

// get takes a client through DISCOVER and REQUEST until it has a lease.
func (c *crowd) get(ctx context.Context, client int) (haLease, error) {
	for {
		offer, err := c.ask(ctx, client, 0, kind(dhcpv4.MessageTypeDiscover))
		if err != nil {
			return haLease{}, err
		}
		// It begins anew if the server is no longer there.
		ack, err := c.ask(ctx, client, 3, kind(dhcpv4.MessageTypeRequest),
			opt(50, offer.yiaddr.AsSlice()...), opt(54, offer.options[54]...))
		if ctx.Err() != nil {
			return haLease{}, err
		}
		if err == nil && ack.kind() == dhcpv4.MessageTypeAck {
			return leaseOf(client, ack), nil
		}
	}
}

func leaseOf(client int, ack *reply) haLease {
	server, _ := netip.AddrFromSlice(ack.options[54])
	return haLease{client, ack.yiaddr, server}
}

// get is the same for a client that must get a lease.
func (w *haWorld) get(client int) haLease {
	w.t.Helper()
	l, err := w.clients.get(w.ctx, client)
	require.NoError(w.t, err)
	return l
}

// getMany takes clients from first to last through it, several at a time.
func (w *haWorld) getMany(first, last int) []haLease {
	w.t.Helper()
	leases := make([]haLease, last-first+1)
	errs := make([]error, 8)
	var workers sync.WaitGroup
	for n := range errs {
		workers.Go(func() {
			for i := n; i < len(leases); i += len(errs) {
				if leases[i], errs[n] = w.clients.get(w.ctx, first+i); errs[n] != nil {
					return
				}
			}
		})
	}
	workers.Wait()
	for _, err := range errs {
		require.NoError(w.t, err)
	}
	return leases
}

// renew prolongs a lease by broadcast, whoever's it was; it has to succeed.
func (w *haWorld) renew(l haLease) haLease {
	w.t.Helper()
	ack, err := w.clients.ask(w.ctx, l.client, 0, kind(dhcpv4.MessageTypeRequest), ciaddr(l.addr.String()))
	require.NoError(w.t, err)
	require.Equal(w.t, dhcpv4.MessageTypeAck, ack.kind(), "%s", ack)
	require.Equal(w.t, l.addr, ack.yiaddr)
	return leaseOf(l.client, ack)
}

// release gives a lease back and waits until its server knows.
func (w *haWorld) release(l haLease) {
	w.t.Helper()
	_, err := w.clients.once(w.ctx, l.client, 0, kind(dhcpv4.MessageTypeRelease), ciaddr(l.addr.String()), opt(54, l.server.AsSlice()...))
	require.NoError(w.t, err)
	w.awaitLease(w.serverAt(l.server), l.addr, func(lease map[string]any) bool {
		return lease == nil || lease["valid-lft"] == 0. || lease["state"] != 0.
	})
}

// decline says that an address is in use.
func (w *haWorld) decline(l haLease) {
	w.t.Helper()
	_, err := w.clients.once(w.ctx, l.client, 0, kind(dhcpv4.MessageTypeDecline), opt(50, l.addr.AsSlice()...), opt(54, l.server.AsSlice()...))
	require.NoError(w.t, err)
	w.awaitLease(w.serverAt(l.server), l.addr, func(lease map[string]any) bool { return lease != nil && lease["state"] == 1. })
}

func (w *haWorld) serverAt(addr netip.Addr) *haServer {
	w.t.Helper()
	for _, s := range w.servers {
		if s.addr == addr {
			return s
		}
	}
	require.FailNow(w.t, "no server", "%s", addr)
	return nil
}

// awaitLease waits until a server's lease, nil if there is none, is as it
// should be.
func (w *haWorld) awaitLease(s *haServer, addr netip.Addr, ok func(lease map[string]any) bool) {
	w.t.Helper()
	testnet.Until(w.ctx, w.t, fmt.Sprintf("%s has %s as it should be", s.name, addr), func() error {
		leases, err := w.leasesOf(s)
		if err == nil && !ok(leases[addr.String()]) {
			err = fmt.Errorf("it has %v", leases[addr.String()])
		}
		return err
	})
}
