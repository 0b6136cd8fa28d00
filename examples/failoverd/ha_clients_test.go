package main

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// crowd is any number of clients on one link, each known by a number. The test
// fails if any query is ever answered twice. Errors are those of ctx.
type crowd interface {
	// offer asks for a lease until one is offered.
	offer(ctx context.Context, client int) (haLease, error)
	// request asks for what is offered, a few times. It says whether the
	// client has got it.
	request(ctx context.Context, offered haLease) (l haLease, ok bool, err error)
	// renew prolongs a lease, whoever's it was, until it is answered. It says
	// whether the client still has it.
	renew(ctx context.Context, l haLease) (renewed haLease, ok bool, err error)
	// release and decline tell the lease's server, once.
	release(ctx context.Context, l haLease) error
	decline(ctx context.Context, l haLease) error
}

// haLease is what a client has got.
type haLease struct {
	client int
	addr   netip.Addr
	prefix netip.Prefix // DHCPv6 only
	server string       // who gave it: its address or, with DHCPv6, its DUID in hexadecimal
}

// addrs are the address, and the first one of the prefix.
func (l haLease) addrs() []netip.Addr {
	if l.prefix.IsValid() {
		return []netip.Addr{l.addr, l.prefix.Addr()}
	}
	return []netip.Addr{l.addr}
}

// patience is how long a client waits for an answer before it asks again.
const patience = 400 * time.Millisecond

// asking is the way in which clients ask. once sends a query in which a client
// says for how long it has been asking, and returns the answer, nil if there is
// none within its patience.
type asking[R any] func(ctx context.Context, waited time.Duration) (*R, error)

// until asks until somebody answers, at most tries times, or 0: until ctx ends.
// It returns nil if nobody does.
func (once asking[R]) until(ctx context.Context, tries int) (*R, error) {
	began := time.Now()
	for n := 0; tries == 0 || n < tries; n++ {
		r, err := once(ctx, time.Since(began))
		if r != nil || err != nil {
			return r, err
		}
	}
	return nil, nil
}

// awaitReply waits for a client's answer with its patience.
func awaitReply[R any](ctx context.Context, client int, answer <-chan *R) (*R, error) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case r := <-answer:
		return r, nil
	case <-timer.C:
		return nil, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("client %d: %w", client, context.Cause(ctx))
	}
}

// tries is how often a client asks a server that it has chosen.
const tries = 3

// getLease takes a client through it all until it has a lease.
func getLease(ctx context.Context, c crowd, client int) (haLease, error) {
	for {
		offered, err := c.offer(ctx, client)
		if err != nil {
			return haLease{}, err
		}
		// It begins anew if the server is no longer there.
		if l, ok, err := c.request(ctx, offered); ok || err != nil {
			return l, err
		}
	}
}

// get is the same for a client that must get a lease.
func (w *haWorld) get(client int) haLease {
	w.t.Helper()
	l, err := getLease(w.ctx, w.clients, client)
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
				if leases[i], errs[n] = getLease(w.ctx, w.clients, first+i); errs[n] != nil {
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

// renew prolongs a lease, whoever's it was; it has to succeed.
func (w *haWorld) renew(l haLease) haLease {
	w.t.Helper()
	renewed, ok, err := w.clients.renew(w.ctx, l)
	require.NoError(w.t, err)
	require.True(w.t, ok, "client %d has lost its lease, %v", l.client, renewed)
	require.Equal(w.t, l.addrs(), renewed.addrs())
	return renewed
}

// release gives a lease back and waits until its server knows.
func (w *haWorld) release(l haLease) {
	w.t.Helper()
	require.NoError(w.t, w.clients.release(w.ctx, l))
	for _, addr := range l.addrs() {
		w.awaitLease(w.serverOf(l), addr, func(lease map[string]any) bool {
			return lease == nil || lease["valid-lft"] == 0. || lease["state"] != 0.
		})
	}
}

// decline says that an address is in use.
func (w *haWorld) decline(l haLease) {
	w.t.Helper()
	require.NoError(w.t, w.clients.decline(w.ctx, l))
	w.awaitLease(w.serverOf(l), l.addr, func(lease map[string]any) bool { return lease != nil && lease["state"] == 1. })
}

// serverOf returns the server that gave a lease.
func (w *haWorld) serverOf(l haLease) *haServer {
	w.t.Helper()
	i := slices.IndexFunc(w.servers, func(s *haServer) bool { return s.id == l.server })
	require.GreaterOrEqual(w.t, i, 0, "no server is %s", l.server)
	return w.servers[i]
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

// servedBy says that leases were given by a server.
func servedBy(t *testing.T, s *haServer, leases ...haLease) {
	t.Helper()
	for _, l := range leases {
		require.Equal(t, s.id, l.server, "client %d is served by another than %s", l.client, s.name)
	}
}
