package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// clientele are clients that have leases. They prolong them all the time, and
// become more. None of them may lose its lease, be refused, be given what is
// another's, or be left without an answer.
type clientele struct {
	w       *haWorld
	mayCome bool // new ones come while something happens, not only after it

	mu      sync.Mutex
	leases  []haLease          // of client 1, 2 and so on
	holders map[netip.Addr]int // who has been given what
	servers map[string]int     // how many answers each server has given
	seen    map[string]bool    // the servers that have ever answered
	renewed int
	longest time.Duration // that a client has waited for what it asked for
}

// leftAlone is when a client counts as left without an answer. It is shorter
// than max-response-delay of the servers: a client that has to wait until it is
// found out that a server is gone waits too long.
const leftAlone = 40 * time.Second

func newClientele(w *haWorld, clients int) *clientele {
	w.t.Helper()
	c := &clientele{w: w, mayCome: true, holders: map[netip.Addr]int{}, servers: map[string]int{}, seen: map[string]bool{}}
	for range clients {
		require.NoError(w.t, c.come(w.ctx))
	}
	return c
}

// during has the clients ask all the time while something happens. When it has
// happened, each of them is served once more, and a new one.
func (c *clientele) during(what string, happens func()) {
	t := c.w.t
	t.Helper()
	c.mu.Lock()
	c.servers, c.renewed, c.longest = map[string]int{}, 0, 0
	before := len(c.leases)
	c.mu.Unlock()

	const renewing = 6
	ctx, cancel := context.WithCancelCause(c.w.ctx)
	happened := make(chan struct{})
	var workers sync.WaitGroup
	defer func() { // also if the test fails on the way
		cancel(nil)
		workers.Wait()
	}()
	for n := range renewing {
		workers.Go(func() {
			pace := time.NewTicker(60 * time.Millisecond)
			defer pace.Stop()
			cancelIf(cancel, untilAfter(ctx, happened, func() error { return c.renewEach(ctx, n, renewing, pace.C) }))
		})
	}
	workers.Go(func() {
		if !c.mayCome {
			select {
			case <-happened:
			case <-ctx.Done():
				return
			}
		}
		pace := time.NewTicker(200 * time.Millisecond)
		defer pace.Stop()
		cancelIf(cancel, untilAfter(ctx, happened, func() error {
			if err := await(ctx, pace.C); err != nil {
				return err
			}
			return c.come(ctx)
		}))
	})
	happens()
	close(happened)
	workers.Wait()
	require.NoError(t, context.Cause(ctx), what)
	c.mu.Lock()
	defer c.mu.Unlock()
	t.Logf("%s: %d clients and %d new ones, %d renewals, the longest wait %v, answers by server %v",
		what, before, len(c.leases)-before, c.renewed, c.longest.Round(time.Millisecond), c.servers)
}

// untilAfter does something again and again, and once more from the beginning
// after what is awaited.
func untilAfter(ctx context.Context, awaited <-chan struct{}, do func() error) error {
	for {
		last := false
		select {
		case <-awaited:
			last = true
		case <-ctx.Done():
			return context.Cause(ctx)
		default:
		}
		if err := do(); err != nil || last {
			return err
		}
	}
}

func cancelIf(cancel context.CancelCauseFunc, err error) {
	if err != nil {
		cancel(err)
	}
}

func await(ctx context.Context, c <-chan time.Time) error {
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// renewEach has every step-th client from a first one on prolong its lease.
func (c *clientele) renewEach(ctx context.Context, first, step int, pace <-chan time.Time) error {
	for i := first; ; i += step {
		if err := await(ctx, pace); err != nil {
			return err
		}
		c.mu.Lock()
		there := i < len(c.leases)
		var l haLease
		if there {
			l = c.leases[i]
		}
		c.mu.Unlock()
		if !there {
			return nil
		}
		if err := c.renew(ctx, l); err != nil {
			return err
		}
	}
}

func (c *clientele) renew(ctx context.Context, l haLease) error {
	began := time.Now()
	asking, cancel := c.asking(ctx)
	defer cancel()
	renewed, ok, err := c.w.clients.renew(asking, l)
	switch {
	case err != nil:
		return fmt.Errorf("renewal of %v: %w", l.addrs(), err)
	case !ok:
		return fmt.Errorf("client %d was refused %v by %s", l.client, l.addrs(), renewed.server)
	case fmt.Sprint(renewed.addrs()) != fmt.Sprint(l.addrs()):
		return fmt.Errorf("client %d has lost %v and got %v of %s", l.client, l.addrs(), renewed.addrs(), renewed.server)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leases[l.client-1] = renewed
	c.renewed++
	c.count(renewed, began)
	return nil
}

// come has a new client get a lease.
func (c *clientele) come(ctx context.Context) error {
	c.mu.Lock()
	client := len(c.leases) + 1
	c.mu.Unlock()
	began := time.Now()
	asking, cancel := c.asking(ctx)
	defer cancel()
	for {
		offered, err := c.w.clients.offer(asking, client)
		if err != nil {
			return fmt.Errorf("a new client: %w", err)
		}
		l, ok, err := c.w.clients.request(asking, offered)
		if err != nil {
			return fmt.Errorf("a new client was offered %v by %s: %w", offered.addrs(), offered.server, err)
		}
		if !ok && l.server != "" {
			return fmt.Errorf("client %d was offered %v by %s and then refused by %s", client, offered.addrs(), offered.server, l.server)
		}
		if ok {
			return c.keep(l, began)
		}
		// Who has offered it does not answer any more: it begins anew.
	}
}

// keep notes the lease of a new client.
func (c *clientele) keep(l haLease, began time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, addr := range l.addrs() {
		if other, taken := c.holders[addr]; taken {
			return fmt.Errorf("%s is client %d's, and was given to client %d by %s", addr, other, l.client, l.server)
		}
		c.holders[addr] = l.client
	}
	c.leases = append(c.leases, l)
	c.count(l, began)
	return nil
}

// count notes an answer. The caller holds mu.
func (c *clientele) count(l haLease, began time.Time) {
	c.servers[l.server]++
	c.seen[l.server] = true
	c.longest = max(c.longest, time.Since(began))
}

func (c *clientele) asking(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, leftAlone, errors.New("left without an answer"))
}

// all returns what the clients have.
func (c *clientele) all() []haLease {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]haLease(nil), c.leases...)
}

// served returns the servers that have ever answered, as clients know them.
func (c *clientele) served() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Keys(c.seen))
}

// haveThemAll says that what is in the servers' databases, which are equal, is
// what the clients have.
func (c *clientele) haveThemAll(t *testing.T, leases map[string]map[string]any) {
	t.Helper()
	for _, l := range c.all() {
		for _, addr := range l.addrs() {
			require.NotNil(t, leases[addr.String()], "client %d has %s, and no server knows", l.client, addr)
			require.Zero(t, leases[addr.String()]["state"], "%s of client %d", addr, l.client)
		}
	}
}
