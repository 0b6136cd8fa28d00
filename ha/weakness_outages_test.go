package ha

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/memnet"
	"github.com/dhcpha/dhcpha/lease"
)

// A partner that dies again and again, also while it is being brought up to
// date, misses nothing that was given out meanwhile: what it has is known by
// its own account, not guessed from counters.
func TestNothingIsMissedByRestartsInARow(t *testing.T) {
	inEachMode(t, func(t *testing.T, a, b *node) {
		normal(a, b)
		a.net.SetLatency(func() time.Duration { return 20 * time.Millisecond })
		ctx, stop := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				_ = a.give(fmt.Sprintf("192.0.%d.%d", i/256, i%256), mine(a, 0)[0])
				time.Sleep(20 * time.Millisecond)
			}
		})
		for i := range 10 {
			b.kill(a)
			time.Sleep(time.Duration(300*i) * time.Millisecond)
			b.revive(a)
			time.Sleep(time.Duration(1000+150*i) * time.Millisecond)
		}
		stop()
		group.Wait()
		equal(a, b)
		require.Greater(t, len(a.leases()), 500)
	})
}

// When the partner is lost again in the midst of being sent what it has missed,
// what it has not acknowledged is sent again. Neither server has to begin anew.
func TestInterruptedBacklogIsKept(t *testing.T) {
	pairTest(t, LoadBalancing, func(a, b *node) {
		t := a.t
		normal(a, b)
		before := max(len(a.seen()), len(b.seen()))
		apart(a, b, memnet.Vanishes)
		a.until(StateCommunicationRecovery)
		b.until(StateCommunicationRecovery)
		const queued = 60000
		for i := 0; i < queued; i += 1000 {
			var some []lease.Change
			for j := range 1000 {
				some = append(some, lease.Change{Lease: leaseOf(fmt.Sprintf("192.1.%d.%d", (i+j)/256, (i+j)%256), 1)})
			}
			require.NoError(t, a.Commit(t.Context(), some...))
		}
		a.net.SetLatency(func() time.Duration { return 40 * time.Millisecond })
		var arrived []int
		for len(b.leases()) < queued {
			apart(a, b, memnet.Arrives)
			time.Sleep(900 * time.Millisecond)
			synctest.Wait()
			apart(a, b, memnet.Vanishes)
			arrived = append(arrived, len(b.leases()))
			time.Sleep(2500 * time.Millisecond)
			require.Less(t, len(arrived), 50, "%v", arrived)
		}
		require.Greater(t, len(arrived), 2, "it was interrupted: %v", arrived)
		apart(a, b, memnet.Arrives)
		equal(a, b)
		require.NotContains(t, a.seen()[before:], StateWaiting)
		require.NotContains(t, b.seen()[before:], StateWaiting)
	}, func(c *Config) { c.DelayedUpdatesLimit, c.MaxUnackedClients = new(uint32(10)), new(uint32(100)) })
}

// While one server restarts, quickly, the other serves its own clients without
// a pause and those of the restarted one as soon as it hears that it is not
// ready.
func TestQuickRestartIsCovered(t *testing.T) {
	for restarted := range 2 {
		t.Run(fmt.Sprintf("server%d", restarted+1), func(t *testing.T) {
			inEachMode(t, func(t *testing.T, a, b *node) {
				a.fill("192.1", 5000)
				normal(a, b)
				gone, stays := a, b
				if restarted == 1 {
					gone, stays = b, a
				}
				all, own, before := a.serves()+b.serves(), stays.serves(), len(stays.seen())
				require.Equal(t, 256, all)
				a.net.SetLatency(func() time.Duration { return 20 * time.Millisecond })
				var most, uncovered int
				gone.end()
				time.Sleep(time.Second)
				gone.start()
				const step = 10 * time.Millisecond
				for range 1000 {
					n := stays.serves()
					require.GreaterOrEqual(t, n, own, "its own clients were left alone: %v", stays.Status())
					most = max(most, n)
					if n+gone.serves() < 256 {
						uncovered++
					}
					time.Sleep(step)
				}
				require.Equal(t, 256, most)
				require.LessOrEqual(t, time.Duration(uncovered)*step, 1500*time.Millisecond, "a heartbeat and a half")
				equal(a, b)
				require.Equal(t, own, stays.serves())
				require.Equal(t, 256-own, gone.serves())
				require.NotContains(t, stays.seen()[before:], StateWaiting)
			}, func(c *Config) { c.MaxUnackedClients = new(uint32(10)) })
		})
	}
}

// The standby dies: the primary's clients are answered after no more than the
// request that was under way has been given up, long before max-response-delay.
func TestDeadStandbyDoesNotSilenceThePrimary(t *testing.T) {
	for _, how := range []string{"killed", "stopped"} {
		t.Run(how, func(t *testing.T) {
			pairTest(t, HotStandby, func(a, b *node) {
				normal(a, b)
				if how == "killed" {
					b.kill(a)
				} else {
					b.end()
				}
				began := time.Now()
				for i := range 200 {
					took := patient(t, fmt.Sprintf("192.0.2.%d", i), byte(i), a)
					require.LessOrEqual(t, took, 3200*time.Millisecond, "client %d after %v", i, time.Since(began))
					time.Sleep(100 * time.Millisecond)
				}
				require.Len(t, a.leases(), 200)
				require.Equal(t, StatePartnerDown, a.state())
				if how == "killed" {
					b.revive(a)
				} else {
					b.start()
				}
				equal(a, b)
			}, func(c *Config) { c.MaxResponseDelay = new(uint32(12000)); c.HeartbeatDelay = new(uint32(5000)) })
		})
	}
}

// Whichever server starts first, and however slowly, and whatever each has: in
// the end both have the leases of both.
func TestDatabasesAreEqualHoweverTheServersStart(t *testing.T) {
	for leases, has := range map[string][2]bool{"none": {}, "server1": {true, false}, "server2": {false, true}, "both": {true, true}} {
		for _, first := range []int{1, 2} {
			for _, pause := range []time.Duration{0, 300 * time.Millisecond, 1100 * time.Millisecond, 30 * time.Second} {
				t.Run(fmt.Sprintf("leases at %s, server%d first by %v", leases, first, pause), func(t *testing.T) {
					inEachMode(t, func(t *testing.T, a, b *node) {
						want := 0
						for i, d := range []*node{a, b} {
							if has[i] {
								d.fill(fmt.Sprintf("192.%d", 1+i), 1500)
								want += 1500
							}
						}
						a.net.SetLatency(func() time.Duration { return 50 * time.Millisecond })
						one, two := a, b
						if first == 2 {
							one, two = b, a
						}
						one.start()
						time.Sleep(pause)
						two.start()
						equal(a, b)
						require.Len(t, a.leases(), want)
					}, func(c *Config) { c.MaxUnackedClients = new(uint32(0)) })
				})
			}
		}
	}
}

// A cut that swallows everything delays clients by the time that the
// configuration gives an answer, never by a built-in one.
func TestPartitionDelaysClientsAsConfigured(t *testing.T) {
	for _, delay := range []uint32{1000, 4000, 8000, 60000} {
		t.Run(fmt.Sprint(delay), func(t *testing.T) {
			inEachMode(t, func(t *testing.T, a, b *node) {
				normal(a, b)
				client := mine(a, 0)[0]
				require.NoError(t, a.request(t.Context(), "192.0.2.1", client))
				apart(a, b, memnet.Vanishes)
				began := time.Now()
				require.Error(t, a.request(t.Context(), "192.0.2.1", client))
				limit := min(time.Duration(delay)*time.Millisecond/2, 3100*time.Millisecond)
				require.LessOrEqual(t, time.Since(began), limit)
				require.LessOrEqual(t, patient(t, "192.0.2.1", client, a), 100*time.Millisecond)
			}, func(c *Config) {
				c.MaxResponseDelay = &delay
				c.HeartbeatDelay = new(uint32(delay / 4))
			})
		})
	}
}

// With a fifth of all packets lost, clients are served within their patience,
// and afterwards both servers have the same leases.
func TestLossyNetwork(t *testing.T) {
	inEachMode(t, func(t *testing.T, a, b *node) {
		normal(a, b)
		dice := rand.New(rand.NewPCG(25, 1))
		var mu sync.Mutex
		a.net.SetLatency(func() time.Duration { // each loss costs TCP a timeout, which doubles
			mu.Lock()
			defer mu.Unlock()
			late, timeout := time.Millisecond, 200*time.Millisecond
			for dice.Float64() < 0.2 {
				late += timeout
				timeout *= 2
			}
			return late
		})
		var longest atomic.Int64
		var group sync.WaitGroup
		for i := range 100 {
			group.Go(func() {
				for range 20 {
					took := patient(t, fmt.Sprintf("192.0.2.%d", i), byte(i), a, b)
					if longest.Load() < int64(took) {
						longest.Store(int64(took))
					}
					time.Sleep(time.Second)
				}
			})
		}
		group.Wait()
		t.Logf("longest wait %v", time.Duration(longest.Load()))
		require.Less(t, time.Duration(longest.Load()), 4*time.Second)
		a.net.SetLatency(nil)
		equal(a, b)
		require.Len(t, a.leases(), 100)
	}, func(c *Config) { c.MaxUnackedClients = new(uint32(0)) })
}

// One branch's server comes back and is brought up to date, by whichever way:
// the hub serves the clients of the other branch meanwhile.
func TestSynchronizationOfOneBranchDoesNotStopAnother(t *testing.T) {
	for _, plain := range []bool{false, true} {
		t.Run(fmt.Sprintf("plain=%v", plain), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := memnet.New()
				pair := func(hub, spoke string, i int, this string) *Config {
					c := pairConfig(HotStandby, this)
					c.Peers = []Peer{
						{Name: hub, Role: Standby, URL: "http://192.0.2.100:8000/"},
						{Name: spoke, Role: Primary, URL: fmt.Sprintf("http://192.0.2.%d:8000/", i)},
					}
					return c
				}
				hub := newNode(t, n, Options{}, pair("hub1", "spoke1", 1, "hub1"), pair("hub2", "spoke2", 2, "hub2"))
				one, two := newNode(t, n, Options{}, pair("hub1", "spoke1", 1, "spoke1")), newNode(t, n, Options{}, pair("hub2", "spoke2", 2, "spoke2"))
				for _, d := range []*node{hub, one, two} {
					d.subnets = assigned
					d.plain = plain
					d.start()
					defer d.end()
				}
				one.until(StateHotStandby)
				two.until(StateHotStandby)
				one.end()
				two.end() // for ever: the hub serves its clients
				serves := func(server string) bool {
					_, ok := hub.Admit(lease.Client{HWAddr: []byte{1}}, 0, func() string { return server })
					return ok
				}
				for range 600 {
					if serves("spoke1") && serves("spoke2") {
						break
					}
					time.Sleep(100 * time.Millisecond)
				}
				require.True(t, serves("spoke1") && serves("spoke2"))
				for i := range 250 {
					l := leaseOf(fmt.Sprintf("192.0.2.%d", i), byte(i))
					require.NoError(t, hub.Commit(t.Context(), lease.Change{Lease: l}))
				}
				n.SetLatency(func() time.Duration { return 50 * time.Millisecond })
				one.start()
				returned := false
				for range 2000 {
					require.True(t, serves("spoke2"), "%v", hub.Status())
					require.True(t, hub.Service.opts.Switch.Enabled())
					returned = returned || one.state() == StateHotStandby
					time.Sleep(10 * time.Millisecond)
				}
				require.True(t, returned)
				require.Len(t, one.leases(), 250)
				synctest.Wait()
			})
		})
	}
}
