package hatest

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
)

// played is a program that answers as a test wants it to, and keeps what it was
// asked.
type played struct {
	answer func(q Query) (Answer, bool)

	mu    sync.Mutex
	asked []playedQuery
}

type playedQuery struct {
	Query
	at time.Time
}

func (p *played) Query(_ context.Context, q Query) (Answer, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, playedQuery{q, time.Now()})
	return p.answer(q)
}

func (p *played) Close() error { return nil }

// gaps returns the kinds of the queries and the times between them.
func (p *played) gaps(t *testing.T) (all []gap) {
	p.mu.Lock()
	defer p.mu.Unlock()
	require.NotEmpty(t, p.asked)
	last := p.asked[0].at
	for _, q := range p.asked {
		all = append(all, gap{q.Kind, q.at.Sub(last), q.Waited})
		last = q.at
	}
	return all
}

type gap struct {
	kind   Kind
	after  time.Duration // the query before
	waited time.Duration // that the client says
}

// wanted is a query as an RFC has it.
type wanted struct {
	kind        Kind
	least, most time.Duration // after the query before
}

// travel is how long a query takes at most.
const travel = time.Millisecond

func requireQueries(t *testing.T, want []wanted, got []gap) {
	t.Helper()
	require.GreaterOrEqual(t, len(got), len(want), "%v", got)
	for i, w := range want {
		require.Equal(t, w.kind, got[i].kind, "query %d of %v", i, got)
		require.GreaterOrEqual(t, got[i].after, w.least-travel, "query %d, %v", i, w)
		require.LessOrEqual(t, got[i].after, w.most+travel, "query %d, %v", i, w)
	}
}

// playedWorld runs a world in which only server1 is there, and answers as is
// said, to one client; it says when the client was told to begin.
func playedWorld(t *testing.T, family ctrl.Family, seed uint64, answer func(q Query) (Answer, bool), test func(w *World, p *played, c *Client)) {
	t.Helper()
	p := &played{answer: answer}
	o := run(t, Config{Seed: seed, Family: family, Start: func(*Node) (Program, error) { return p, nil }}, func(w *World) {
		w.Node("server1").Start()
		c := w.Client(0)
		c.Return()
		test(w, p, c)
	})
	require.Empty(t, o.failures)
}

func silent(Query) (Answer, bool) { return Answer{}, false }

// obliging answers all that can be answered, with a lease of an hour.
func obliging(q Query) (Answer, bool) {
	a := Answer{Kind: Ack, Addr: addressOf(q), Valid: time.Hour}
	switch q.Kind {
	case Discover:
		a.Kind = Offer
	case Release, Decline:
		return Answer{Kind: Ack}, true
	}
	return a, true
}

func addressOf(q Query) netip.Addr {
	if len(q.Client.ID) > 0 {
		return netip.MustParseAddr("2001:db8:1::7")
	}
	return netip.MustParseAddr("198.51.100.7")
}

// only answers some kinds only.
func only(kinds ...Kind) func(q Query) (Answer, bool) {
	return func(q Query) (Answer, bool) {
		for _, k := range kinds {
			if q.Kind == k {
				return obliging(q)
			}
		}
		return Answer{}, false
	}
}

// around is a second more or less (RFC 2131, section 4.1).
func around(k Kind, seconds int) wanted {
	d := time.Duration(seconds) * time.Second
	return wanted{k, d - time.Second, d + time.Second}
}

// doubled are the tries that follow the first one (RFC 9915, section 15): each
// time is twice the last, and a tenth of that one more or less, up to a most.
func doubled(k Kind, first, most float64, n int) (all []wanted) {
	least, greatest := 0.9*first, 1.1*first
	for range n {
		all = append(all, wanted{k, time.Duration(least * float64(time.Second)), time.Duration(greatest * float64(time.Second))})
		least, greatest = min(1.9*least, 0.9*most), min(2.1*greatest, 1.1*most)
	}
	return all
}

func eachSeed(t *testing.T, test func(t *testing.T, seed uint64)) {
	for seed := range uint64(5) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) { test(t, seed) })
	}
}

// RFC 2131, section 4.1: 4 seconds, then twice as long each time up to 64, each
// a second more or less.
func TestDiscoverIsRepeated(t *testing.T) {
	eachSeed(t, func(t *testing.T, seed uint64) {
		playedWorld(t, ctrl.V4, seed, silent, func(w *World, p *played, c *Client) {
			t := w.T()
			began := time.Now()
			w.Sleep(10 * time.Minute)
			require.Greater(t, p.asked[0].at.Sub(began), time.Second)
			require.Less(t, p.asked[0].at.Sub(began), 10*time.Second+travel)
			got := p.gaps(t)
			requireQueries(t, []wanted{
				{Discover, 0, 0}, around(Discover, 4), around(Discover, 8), around(Discover, 16), around(Discover, 32),
				around(Discover, 64), around(Discover, 64), around(Discover, 64), around(Discover, 64), around(Discover, 64),
			}, got)
			require.Zero(t, got[0].waited)
			require.InDelta(t, (got[1].after + got[2].after).Seconds(), got[2].waited.Seconds(), 1.1)
		})
	})
}

// RFC 2131, section 3.1: a REQUEST says what the DISCOVER has said of the time,
// and is repeated for 60 seconds before the client begins anew.
func TestRequestIsRepeated(t *testing.T) {
	eachSeed(t, func(t *testing.T, seed uint64) {
		discovers := 0
		playedWorld(t, ctrl.V4, seed, func(q Query) (Answer, bool) {
			if q.Kind == Discover {
				discovers++
				return Answer{Kind: Offer, Addr: addressOf(q), Valid: time.Hour}, discovers%3 == 0
			}
			return Answer{}, false
		}, func(w *World, p *played, c *Client) {
			t := w.T()
			w.Sleep(3 * time.Minute)
			got := p.gaps(t)
			requireQueries(t, []wanted{
				{Discover, 0, 0}, around(Discover, 4), around(Discover, 8),
				{Request, 0, 2 * travel}, around(Request, 4), around(Request, 8), around(Request, 16),
				{Discover, 32 * time.Second, 43 * time.Second}, // the wait of the last one, and that of who begins
			}, got)
			require.NotZero(t, got[2].waited)
			for i := 3; i < 7; i++ {
				require.Equal(t, got[2].waited, got[i].waited)
			}
		})
	})
}

// RFC 2131, section 4.4.5: at T1 to the server that has given the lease, again
// after half of the time until T2; at T2 to all servers, again after half of
// the time until the end; and at the end the client has nothing.
func TestRenewIsRepeated(t *testing.T) {
	eachSeed(t, func(t *testing.T, seed uint64) {
		playedWorld(t, ctrl.V4, seed, only(Discover, Request), func(w *World, p *played, c *Client) {
			t := w.T()
			w.UntilServed(time.Minute, c)
			w.Sleep(59*time.Minute + 30*time.Second)
			require.True(t, c.Addr().IsValid())
			w.Until("the lease has ended", time.Minute, func() bool { return !c.Addr().IsValid() })
			w.Sleep(11 * time.Second)
			const s = time.Second
			requireQueries(t, []wanted{
				{Discover, 0, 0}, {Request, 0, 2 * travel},
				{Renew, 1799 * s, 1801 * s}, // T1 at 1800, T2 at 3150
				{Renew, 674 * s, 676 * s}, {Renew, 337 * s, 338 * s}, {Renew, 168 * s, 169 * s}, {Renew, 84 * s, 85 * s}, {Renew, 59 * s, 61 * s},
				{Rebind, 20 * s, 27 * s},
				{Rebind, 224 * s, 226 * s}, {Rebind, 112 * s, 113 * s}, {Rebind, 59 * s, 61 * s},
				{Discover, 52*s + 1*s, 54*s + 10*s},
			}, p.gaps(t))
		})
	})
}

// RFC 2131, section 3.2: a client that has been switched off asks for what it
// has had, and goes on with it if nobody answers.
func TestRebootIsRepeated(t *testing.T) {
	eachSeed(t, func(t *testing.T, seed uint64) {
		playedWorld(t, ctrl.V4, seed, only(Discover, Request), func(w *World, p *played, c *Client) {
			t := w.T()
			w.UntilServed(time.Minute, c)
			c.Leave()
			require.False(t, c.Addr().IsValid())
			w.Sleep(100 * time.Second)
			c.Return()
			w.Sleep(50 * time.Second)
			require.False(t, c.Addr().IsValid())
			w.Sleep(20 * time.Second)
			require.True(t, c.Addr().IsValid())
			requireQueries(t, []wanted{
				{Discover, 0, 0}, {Request, 0, 2 * travel},
				{Reboot, 100 * time.Second, 101 * time.Second}, around(Reboot, 4), around(Reboot, 8), around(Reboot, 16),
			}, p.gaps(t))

			// It remembers nothing for longer than its lease.
			c.Leave()
			w.Sleep(2 * time.Hour)
			c.Return()
			w.Sleep(11 * time.Second)
			p.mu.Lock()
			defer p.mu.Unlock()
			require.Equal(t, Discover, p.asked[6].Kind)
		})
	})
}

// RFC 9915, section 18.2.1: Solicit waits up to a second, and then begins with a
// time that is longer than a second (SOL_TIMEOUT), up to an hour (SOL_MAX_RT).
func TestSolicitIsRepeated(t *testing.T) {
	eachSeed(t, func(t *testing.T, seed uint64) {
		playedWorld(t, ctrl.V6, seed, silent, func(w *World, p *played, c *Client) {
			t := w.T()
			began := time.Now()
			w.Sleep(6 * time.Hour)
			require.Less(t, p.asked[0].at.Sub(began), time.Second+travel)
			got := p.gaps(t)
			requireQueries(t, append([]wanted{{Discover, 0, 0}}, doubled(Discover, 1, 3600, 15)...), got)
			require.Greater(t, got[1].after, time.Second-travel)
			require.Equal(t, 655350*time.Millisecond, got[14].waited, "elapsed-time has 16 bits of hundredths")
		})
	})
}

// RFC 9915, section 18.2.1: all Advertises that come within the first time are
// waited for, one that comes later is taken at once.
func TestAdvertiseIsWaitedFor(t *testing.T) {
	eachSeed(t, func(t *testing.T, seed uint64) {
		solicits, deaf := 0, 0
		playedWorld(t, ctrl.V6, seed, func(q Query) (Answer, bool) {
			if q.Kind == Discover {
				if solicits++; solicits <= deaf {
					return Answer{}, false
				}
			}
			return obliging(q)
		}, func(w *World, p *played, c *Client) {
			t := w.T()
			w.UntilServed(time.Minute, c)
			requireQueries(t, []wanted{{Discover, 0, 0}, {Request, time.Second, 1100 * time.Millisecond}}, p.gaps(t))
			c.Release()
			w.Sleep(time.Second)
			p.mu.Lock()
			solicits, deaf = 0, 1
			p.mu.Unlock()
			c.Return()
			w.UntilServed(time.Minute, c)
			requireQueries(t, []wanted{
				{Discover, 0, 0}, {Request, time.Second, 1100 * time.Millisecond}, {Release, 0, time.Second},
				{Discover, time.Second, 2 * time.Second}, {Discover, time.Second, 1100 * time.Millisecond}, {Request, 0, 2 * travel},
			}, p.gaps(t))
		})
	})
}

// RFC 9915, section 18.2.2: a Request is tried ten times (REQ_MAX_RC), with
// times of up to 30 seconds (REQ_MAX_RT).
func TestRequest6IsRepeated(t *testing.T) {
	eachSeed(t, func(t *testing.T, seed uint64) {
		playedWorld(t, ctrl.V6, seed, only(Discover), func(w *World, p *played, c *Client) {
			t := w.T()
			w.Sleep(10 * time.Minute)
			want := []wanted{{Discover, 0, 0}, {Request, time.Second, 1100 * time.Millisecond}}
			want = append(want, doubled(Request, 1, 30, 9)...)
			want = append(want, wanted{Discover, 27 * time.Second, 34 * time.Second})
			requireQueries(t, want, p.gaps(t))
		})
	})
}

// RFC 9915, sections 18.2.4 and 18.2.5: Renew begins with 10 seconds at T1 (half
// of the lease), Rebind at T2 (0.8 of it); they end with T2 and with the lease.
func TestRenew6IsRepeated(t *testing.T) {
	eachSeed(t, func(t *testing.T, seed uint64) {
		playedWorld(t, ctrl.V6, seed, only(Discover, Request), func(w *World, p *played, c *Client) {
			t := w.T()
			w.UntilServed(time.Minute, c)
			w.Sleep(59*time.Minute + 50*time.Second)
			require.True(t, c.Addr().IsValid())
			w.Until("the lease has ended", time.Minute, func() bool { return !c.Addr().IsValid() })
			got := p.gaps(t)
			const s = time.Second
			at, t1, t2 := time.Duration(0), time.Duration(0), time.Duration(0)
			renews, rebinds := []gap{}, []gap{}
			for _, g := range got[2:] {
				at += g.after
				switch g.kind {
				case Renew:
					if len(renews) == 0 {
						t1 = at
					}
					renews = append(renews, g)
				case Rebind:
					if len(rebinds) == 0 {
						t2 = at
					}
					rebinds = append(rebinds, g)
				}
			}
			require.InDelta(t, 1800, t1.Seconds(), 0.01)
			require.InDelta(t, 2880, t2.Seconds(), 0.01)
			requireQueries(t, doubled(Renew, 10, 600, 6), renews[1:])
			requireQueries(t, doubled(Rebind, 10, 600, 5), rebinds[1:])
			require.LessOrEqual(t, at, 3600*s+2*s)
		})
	})
}

// RFC 9915, section 18.2.3: Confirm ends after 10 seconds (CNF_MAX_RD), and the
// client goes on with what it has.
func TestConfirmIsRepeated(t *testing.T) {
	eachSeed(t, func(t *testing.T, seed uint64) {
		playedWorld(t, ctrl.V6, seed, only(Discover, Request), func(w *World, p *played, c *Client) {
			t := w.T()
			w.UntilServed(time.Minute, c)
			c.Reboot()
			w.Sleep(time.Second) // CNF_MAX_DELAY
			require.False(t, c.Addr().IsValid())
			w.Sleep(10 * time.Second)
			require.True(t, c.Addr().IsValid())
			want := append([]wanted{{Discover, 0, 0}, {Request, time.Second, 1100 * time.Millisecond}, {Reboot, 0, 1051 * time.Millisecond}}, doubled(Reboot, 1, 4, 3)...)
			requireQueries(t, want, p.gaps(t))
		})
	})
}

// RFC 9915, sections 18.2.7 and 18.2.8: Release and Decline are tried four times
// (REL_MAX_RC, DEC_MAX_RC). In DHCPv4 nobody answers them.
func TestReleaseAndDecline(t *testing.T) {
	for _, family := range []ctrl.Family{ctrl.V4, ctrl.V6} {
		eachSeed(t, func(t *testing.T, seed uint64) {
			for _, k := range []Kind{Release, Decline} {
				playedWorld(t, family, seed, only(Discover, Request), func(w *World, p *played, c *Client) {
					t := w.T()
					w.UntilServed(time.Minute, c)
					if k == Release {
						c.Release()
					} else {
						c.Decline()
					}
					require.False(t, c.Addr().IsValid())
					w.Sleep(time.Minute)
					first := wanted{Request, 0, 1100 * time.Millisecond}
					want := []wanted{{Discover, 0, 0}, first, {k, 0, 51 * time.Millisecond}}
					if family == ctrl.V6 {
						want = append(want, doubled(k, 1, 1000, 3)...)
					}
					got := p.gaps(t)
					requireQueries(t, want, got)
					switch rest := got[len(want):]; {
					case k == Release:
						require.Empty(t, rest)
					case family == ctrl.V4:
						requireQueries(t, []wanted{{Discover, 11 * time.Second, 20 * time.Second}, {Request, 0, 2 * travel}}, rest)
					default:
						requireQueries(t, []wanted{{Discover, 6 * time.Second, 12 * time.Second}}, rest)
					}
				})
			}
		})
	}
}

// A client that is refused begins anew, and one whose address is another one's
// link does too.
func TestRefusedClientBeginsAnew(t *testing.T) {
	for _, family := range []ctrl.Family{ctrl.V4, ctrl.V6} {
		var refuse atomic.Bool
		playedWorld(t, family, 1, func(q Query) (Answer, bool) {
			if refuse.Load() && q.Kind != Discover {
				return Answer{Kind: Nak}, true
			}
			return obliging(q)
		}, func(w *World, p *played, c *Client) {
			t := w.T()
			w.UntilServed(time.Minute, c)
			refuse.Store(true)
			w.Sleep(31 * time.Minute)
			require.False(t, c.Addr().IsValid())
			refuse.Store(false)
			w.UntilServed(time.Minute, c)
			refuse.Store(true)
			c.Reboot()
			w.Sleep(2 * time.Second)
			require.False(t, c.Addr().IsValid())
			refuse.Store(false)
			w.UntilServed(time.Minute, c)
			r := w.Report()
			require.Greater(t, r.Longest, time.Minute/2)
			require.Less(t, r.Longest, 2*time.Minute)
		})
	}
}

// RFC 2131, sections 4.4.4 and 4.4.5: renewals and releases go to the server that
// is named, all else to whatever servers there are. In DHCPv6 all servers hear
// everything.
func TestWhoIsAsked(t *testing.T) {
	for _, family := range []ctrl.Family{ctrl.V4, ctrl.V6} {
		heard := map[string]*played{}
		o := run(t, Config{Family: family, Start: func(n *Node) (Program, error) {
			heard[n.Name] = &played{answer: func(q Query) (Answer, bool) {
				if q.Server != "" && q.Server != n.Name || n.Name == "server2" {
					return Answer{}, false
				}
				return only(Discover, Request)(q)
			}}
			return heard[n.Name], nil
		}}, func(w *World) {
			t := w.T()
			w.Start()
			c := w.Crowd(1)[0]
			w.UntilServed(time.Minute, c)
			w.Sleep(59 * time.Minute)
			c.Decline()
			w.UntilServed(time.Minute, c)
			c.Reboot()
			w.Sleep(2 * time.Minute)
			c.Release()
			w.Sleep(time.Minute)
			kinds := func(name string) map[Kind]bool {
				all := map[Kind]bool{}
				for _, q := range heard[name].asked {
					all[q.Kind] = true
				}
				return all
			}
			require.Len(t, kinds("server1"), 7)
			all := kinds("server1")
			if family == ctrl.V4 {
				delete(all, Renew)
				delete(all, Release)
			}
			require.Equal(t, all, kinds("server2"))
		})
		require.Empty(t, o.failures)
	}
}
