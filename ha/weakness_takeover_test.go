package ha

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/memnet"
	"github.com/dhcpha/dhcpha/lease"
)

// Clocks that are 90 seconds apart, or become so, do not end the cooperation:
// a lease ends at the same moment at both servers, by the clock of each.
func TestClocksApart(t *testing.T) {
	const offset = 90 * time.Second
	for _, sudden := range []bool{false, true} {
		t.Run(fmt.Sprintf("sudden=%v", sudden), func(t *testing.T) {
			inEachMode(t, func(t *testing.T, a, b *node) {
				var mu sync.Mutex
				ahead := offset
				set := func(d time.Duration) {
					mu.Lock()
					defer mu.Unlock()
					ahead = d
				}
				b.opts.Now = func() time.Time {
					mu.Lock()
					defer mu.Unlock()
					return time.Now().Add(ahead)
				}
				if sudden {
					set(0)
				}
				normal(a, b)
				before := len(a.seen())
				if sudden {
					require.NoError(t, a.request(t.Context(), "192.0.2.1", mine(a, 0)[0]))
					set(offset)
					time.Sleep(20 * time.Second)
				}
				require.NoError(t, a.request(t.Context(), "192.0.2.7", mine(a, 0)[0]))
				here, _ := a.store.Lookup(keyOf("192.0.2.7"))
				there, ok := b.store.Lookup(keyOf("192.0.2.7"))
				require.True(t, ok)
				require.InDelta(t, here.CLTT+90, there.CLTT, 1)
				require.Contains(t, a.Status().String(), "its clock is off by 1m30s")

				b.give2("192.0.2.8", 8)
				there, _ = b.store.Lookup(keyOf("192.0.2.8"))
				here, ok = a.store.Lookup(keyOf("192.0.2.8"))
				require.True(t, ok)
				require.InDelta(t, there.CLTT-90, here.CLTT, 1)

				apart(a, b, memnet.Vanishes)
				time.Sleep(30 * time.Second)
				require.Equal(t, StatePartnerDown, a.state())
				require.NoError(t, a.request(t.Context(), "192.0.2.9", 9))
				apart(a, b, memnet.Arrives)
				a.until(normalIn(a.cfgs[0].Mode))
				b.until(normalIn(a.cfgs[0].Mode))
				here, _ = a.store.Lookup(keyOf("192.0.2.9"))
				there, ok = b.store.Lookup(keyOf("192.0.2.9"))
				require.True(t, ok)
				require.InDelta(t, here.CLTT+90, there.CLTT, 1)
				require.NotContains(t, a.seen()[before:], StateTerminated)
				require.NotContains(t, b.seen(), StateTerminated)
			}, func(c *Config) { c.MaxUnackedClients = new(uint32(0)) })
		})
	}
}

// give2 commits a lease by the server's own clock.
func (d *node) give2(addr string, client byte) {
	l := leaseOf(addr, client)
	l.CLTT = d.now().Unix()
	require.NoError(d.t, d.Commit(context.Background(), lease.Change{Lease: l}))
}

// A server that has given up cooperation, with a Kea whose clock was wrong,
// goes back to it by itself when a server of this kind takes that one's place.
// Until then it reclaims nobody's leases but its own clients'.
func TestTerminatedIsLeft(t *testing.T) {
	inEachMode(t, func(t *testing.T, a, b *node) {
		ahead := 90 * time.Second
		b.plain, b.opts.Now = true, func() time.Time { return time.Now().Add(ahead) }
		a.start()
		b.start()
		a.until(StateTerminated)
		require.Equal(t, len(mine(a, 0)), a.serves())
		own, other := leaseOf("192.0.2.1", mine(a, 0)[0]), leaseOf("192.0.2.2", 0)
		require.True(t, a.Reclaims(own))
		if clients := mine(a, 1); len(clients) > 0 {
			other.HWAddr[5] = clients[0]
			require.False(t, a.Reclaims(other))
		}
		b.end()
		b.plain = false
		b.start()
		for range 600 {
			if time.Sleep(time.Second); a.state() == normalIn(a.cfgs[0].Mode) {
				break
			}
		}
		b.until(normalIn(a.cfgs[0].Mode))
		require.Equal(t, normalIn(a.cfgs[0].Mode), a.state())
	})
}

// A server in maintenance whose partner, which stood in for it, dies takes over.
func TestServerInMaintenanceTakesOver(t *testing.T) {
	inEachMode(t, func(t *testing.T, a, b *node) {
		for _, d := range []*node{a, b} {
			d.start()
		}
		for _, pair := range [][2]*node{{a, b}, {b, a}} {
			stays, rests := pair[0], pair[1]
			a.until(normalIn(a.cfgs[0].Mode))
			b.until(normalIn(a.cfgs[0].Mode))
			require.Zero(t, stays.run("ha-maintenance-start", "").Result)
			rests.until(StateInMaintenance)
			require.Equal(t, 256, stays.serves())
			require.Zero(t, rests.serves())
			stays.kill(rests)
			died := time.Now()
			rests.until(StatePartnerDown)
			require.LessOrEqual(t, time.Since(died), 5100*time.Millisecond)
			require.Equal(t, 256, rests.serves())
			stays.revive(rests)
			equal(a, b)
		}
	})
}

// At a small site there are never as many unanswered clients as are configured,
// and clients may always say that they have only begun to ask: the standby takes
// over all the same, in bounded time, and Status tells what it waits for.
func TestSmallSiteIsTakenOver(t *testing.T) {
	pairTest(t, HotStandby, func(a, b *node) {
		t := a.t
		normal(a, b)
		a.kill(b)
		died := time.Now()
		time.Sleep(5500 * time.Millisecond)
		_ = b.request(t.Context(), "192.0.2.7", 7)
		synctest.Wait()
		takeover := b.Status().Relationships[0].Partner.Takeover
		require.NotNil(t, takeover)
		require.Equal(t, 11, takeover.Clients)
		require.Contains(t, b.Status().String(), "after 11 more unanswered clients (or one in")
		var took time.Duration
		for {
			if b.request(t.Context(), "192.0.2.7", 7) == nil {
				took = time.Since(died)
				break
			}
			if time.Since(died) > 8*time.Second && b.state() == StateHotStandby {
				require.Contains(t, b.Status().String(), "after 10 more unanswered clients")
			}
			require.Less(t, time.Since(died), time.Minute, "%v", b.Status())
			time.Sleep(time.Second)
		}
		require.LessOrEqual(t, took, 2*4*time.Second+1100*time.Millisecond, "twice max-response-delay, and the client's next try")
	}, func(c *Config) { c.MaxUnackedClients = new(uint32(10)) })
}

// dhcp plays a DHCP server's choice of addresses, and what its clients were
// told: of each address until when it is whose.
type dhcp struct {
	mu       sync.Mutex
	promised map[string]promise
	twice    []string
}

type promise struct {
	client byte
	until  time.Time
}

func (p *dhcp) acknowledged(addr string, client byte, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if old, ok := p.promised[addr]; ok && old.client != client && time.Now().Before(old.until) {
		p.twice = append(p.twice, fmt.Sprintf("%v: %s for %d although %d has it until %v", time.Now(), addr, client, old.client, old.until))
	}
	p.promised[addr] = promise{client, until}
}

// pick is the address for a client: the one it has, or one that is free.
func (d *node) pick(client byte, guarded func(i int) bool) string {
	free := ""
	for i := range 256 {
		addr := fmt.Sprintf("192.0.2.%d", i)
		l, ok := d.store.Lookup(keyOf(addr))
		taken := ok && l.State == lease.Assigned && !l.Expired(d.now())
		switch {
		case taken && l.HWAddr[5] == client:
			return addr
		case !taken && free == "" && guarded(i):
			free = addr
		}
	}
	return free
}

// Partitions and deaths, again and again, with clients at both servers: once
// they have healed both have the same leases; and where neither takes over by
// itself no address is ever acknowledged to two clients. In load-balancing the
// pools are guarded, as they must be.
func TestSplitBrainHeals(t *testing.T) {
	for _, auto := range []bool{false, true} {
		for seed := range uint64(3) {
			t.Run(fmt.Sprintf("auto-failover=%v seed=%d", auto, seed), func(t *testing.T) {
				inEachMode(t, func(t *testing.T, a, b *node) { splitBrain(t, a, b, seed, auto) }, func(c *Config) {
					c.MaxUnackedClients = new(uint32(0))
					c.Peers[0].AutoFailover, c.Peers[1].AutoFailover = &auto, &auto
				})
			})
		}
	}
}

func splitBrain(t *testing.T, a, b *node, seed uint64, auto bool) {
	dice := rand.New(rand.NewPCG(seed, 23))
	normal(a, b)
	var mu sync.Mutex
	latency := rand.New(rand.NewPCG(seed, 24))
	a.net.SetLatency(func() time.Duration {
		mu.Lock()
		defer mu.Unlock()
		return time.Duration(latency.IntN(30)) * time.Millisecond
	})
	p := &dhcp{promised: make(map[string]promise)}
	for range 6 {
		ctx, stop := context.WithCancel(t.Context())
		var group sync.WaitGroup
		for i := range 40 {
			wait := time.Duration(dice.IntN(1000)) * time.Millisecond
			clients := [2]byte{byte(dice.IntN(256)), byte(dice.IntN(256))}
			group.Go(func() {
				time.Sleep(wait)
				for n := 0; ctx.Err() == nil; n++ {
					client := clients[n%2]
					d := []*node{a, b}[(n/2+i)%2]
					addr := d.pick(client, func(i int) bool {
						owner, _ := d.relationships[0].split.owner(nil, []byte{2, 0, 0, 0, 0, client})
						return d.cfgs[0].Mode == HotStandby || i%2 == owner
					})
					try, cancel := context.WithTimeout(context.Background(), 5*time.Second)
					asked := d.now()
					if addr != "" && d.requestFor(try, addr, client, 20) == nil {
						p.acknowledged(addr, client, asked.Truncate(time.Second).Add(20*time.Second))
					}
					cancel()
					time.Sleep(700 * time.Millisecond)
				}
			})
		}
		time.Sleep(2 * time.Second)
		f := []memnet.Fault{memnet.Vanishes, memnet.Stalls}[dice.IntN(2)]
		switch dice.IntN(3) {
		case 0:
			apart(a, b, f)
		case 1:
			a.net.Set(a.host(), b.host(), f)
		case 2:
			a.net.Set(b.host(), a.host(), f)
		}
		time.Sleep(time.Duration(dice.IntN(12000)) * time.Millisecond)
		if dice.IntN(3) == 0 {
			victim, other := a, b
			if dice.IntN(2) == 0 {
				victim, other = b, a
			}
			stop()
			group.Wait()
			victim.kill(other)
			time.Sleep(time.Duration(dice.IntN(8000)) * time.Millisecond)
			victim.revive(other)
		}
		apart(a, b, memnet.Arrives)
		time.Sleep(time.Duration(dice.IntN(6000)) * time.Millisecond)
		stop()
		group.Wait()
	}
	a.net.SetLatency(nil)
	equal(a, b)
	require.NotEmpty(t, p.promised)
	if !auto {
		require.Empty(t, p.twice)
	}
	t.Logf("%d addresses, %d acknowledged to two", len(p.promised), len(p.twice))
}

// What a client was told by the server that stood in for its partner, up to the
// last moment, the partner knows when it serves again: it would refuse the
// client otherwise, or give the address to another one.
func TestReturnedServerKnowsWhatItsClientsWereTold(t *testing.T) {
	told := 0 // to clients of one that returns quickly
	for seed := range uint64(16) {
		quick := seed%2 == 0
		t.Run(fmt.Sprintf("quick=%v seed=%d", quick, seed), func(t *testing.T) {
			inEachMode(t, func(t *testing.T, a, b *node) {
				normal(a, b)
				var mu sync.Mutex
				dice := rand.New(rand.NewPCG(seed, 12))
				a.net.SetLatency(func() time.Duration {
					mu.Lock()
					defer mu.Unlock()
					return time.Duration(dice.IntN(200)) * time.Millisecond
				})
				clients := mine(a, 0)
				a.end()
				if !quick {
					b.until(StatePartnerDown)
				}
				a.start()
				acknowledged := 0
				for i := 0; a.state() != normalIn(a.cfgs[0].Mode); i++ {
					require.Less(t, i, 60000)
					addr := fmt.Sprintf("192.2.%d.%d", acknowledged/256, acknowledged%256)
					l := leaseOf(addr, clients[0])
					if _, ok := b.Admit(lease.Client{HWAddr: l.HWAddr}, 0, nil); ok && b.Commit(t.Context(), lease.Change{Lease: l}) == nil {
						acknowledged++
					}
					time.Sleep(time.Millisecond)
				}
				synctest.Wait()
				require.Equal(t, len(clients), a.serves())
				for i := range acknowledged {
					_, ok := a.has(fmt.Sprintf("192.2.%d.%d", i/256, i%256))
					require.True(t, ok, "%d of %d", i, acknowledged)
				}
				if quick {
					// The partner may hear of it too late to have served at all.
					told += acknowledged
				} else {
					require.NotZero(t, acknowledged)
				}
				equal(a, b)
			}, func(c *Config) { c.MaxUnackedClients = new(uint32(0)) })
		})
	}
	require.NotZero(t, told)
}

// A change that was begun while nobody waited for the partner is waited for if
// the partner is back when it is done.
func TestChangeBegunAloneIsConfirmedTogether(t *testing.T) {
	pairTest(t, HotStandby, func(a, b *node) {
		t := a.t
		normal(a, b)
		r := a.relationships[0]
		together := r.view.Load()
		alone := *together
		alone.updates, alone.awaited = updatesSent, nil
		r.view.Store(&alone)
		apart(a, b, memnet.Stalls)
		stop := a.store.Announce(announced(func() { r.view.Store(together) }))
		defer stop()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.Error(t, a.Commit(ctx, lease.Change{Lease: leaseOf("192.0.2.7", 7)}))
		apart(a, b, memnet.Arrives)
	})
}

// announced is called when a store is about to make changes.
type announced func()

func (f announced) Announced([]lease.Change) { f() }
func (f announced) Failed([]lease.Change)    {}
