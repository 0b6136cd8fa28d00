package ha

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// pair is two machines, a network between them that loses nothing unless it is
// cut, and clients that ask all the time.
type pair struct {
	t       *testing.T
	rand    *rand.Rand
	ours    bool
	now     time.Time
	queue   []delivery
	servers [2]*server
	cut     bool
	overlap time.Time // since when two serve one scope; zero: they do not
	worst   time.Duration
	log     []string
}

type server struct {
	*machine
	cfg   *Config
	up    bool
	lives int // what was begun in an earlier life ends nowhere
}

type delivery struct {
	at  time.Time
	run func()
}

const (
	latency = 10 * time.Millisecond
	timeout = 500 * time.Millisecond
)

func newPair(t *testing.T, mode Mode, ours bool, seed uint64) *pair {
	p := &pair{t: t, rand: rand.New(rand.NewPCG(seed, 1)), ours: ours, now: start}
	for i := range p.servers {
		p.servers[i] = &server{cfg: pairConfig(mode, fmt.Sprint("server", i+1))}
		p.servers[i].cfg.MaxUnackedClients = new(uint32(1))
	}
	return p
}

func (p *pair) after(d time.Duration, run func()) {
	p.queue = append(p.queue, delivery{p.now.Add(d), run})
}

func (p *pair) start(i int) {
	s := p.servers[i]
	s.machine, s.up = newMachine(s.cfg, p.now), true
	s.lives++
	p.logf("%d starts", i+1)
	p.step(i, tick{})
}

func (p *pair) logf(format string, args ...any) {
	p.log = append(p.log, fmt.Sprintf("%6.3f ", p.now.Sub(start).Seconds())+fmt.Sprintf(format, args...))
}

// step tells a server something, and does what it wants.
func (p *pair) step(i int, ev event) {
	s, life := p.servers[i], p.servers[i].lives
	if !s.up {
		return
	}
	later := func(d time.Duration, end func() event) {
		p.after(d, func() {
			if ev := end(); s.lives == life {
				p.step(i, ev)
			}
		})
	}
	for _, a := range s.Step(p.now, ev) {
		switch a := a.(type) {
		case stateChanged:
			p.logf("%d %v -> %v (%v)", i+1, a.From, a.To, a.Partner)
		case sendHeartbeat:
			p.ask(i, later, func(ok bool) event {
				other := p.servers[1-i]
				if !ok {
					return heartbeatFailed{}
				}
				if p.ours && other.Partner() != p.servers[i].State() {
					p.step(1-i, partnerChanged{})
				}
				return heartbeatAnswered{report{
					State: other.State(), Time: p.now, Scopes: other.Scopes(), HasUnsent: true, Unsent: other.Unsent(),
					Ours: p.ours, StoreFailed: p.ours && other.StoreFailed(),
				}}
			})
		case synchronize:
			later(time.Duration(p.rand.IntN(2000))*time.Millisecond, func() event {
				ok := p.reached(1 - i)
				return syncDone{OK: ok, Unreachable: !ok}
			})
		case sendBacklog:
			p.ask(i, later, func(ok bool) event { return backlogDone{OK: ok} })
		case sendReset:
			p.ask(i, later, func(ok bool) event {
				if ok {
					p.step(1-i, reset{})
				}
				return resetDone{OK: ok}
			})
		case sendMaintenanceNotify:
			p.ask(i, later, func(ok bool) event {
				if !ok {
					return notifyDone{}
				}
				other := p.servers[1-i]
				for _, b := range other.Step(p.now, maintenanceNotify(a)) {
					if r, ok := b.(reply); ok {
						return notifyDone{Answered: true, Result: r.Response.Result, State: other.State()}
					}
				}
				p.t.Fatal("no reply")
				return nil
			})
		}
	}
	p.check()
}

// ask has a request reach the partner, or fail after the request timeout.
func (p *pair) ask(i int, later func(time.Duration, func() event), end func(ok bool) event) {
	if p.reached(1 - i) {
		later(latency, func() event { return end(p.reached(1 - i)) })
	} else {
		later(timeout, func() event { return end(false) })
	}
}

func (p *pair) reached(i int) bool { return !p.cut && p.servers[i].up }

// check watches for two that serve one scope.
func (p *pair) check() {
	a, b := p.servers[0], p.servers[1]
	both := !p.cut && a.up && b.up && a.Serving() && b.Serving() &&
		slices.ContainsFunc(a.Scopes(), func(s string) bool { return slices.Contains(b.Scopes(), s) })
	switch {
	case !both:
		p.overlap = time.Time{}
	case p.overlap.IsZero():
		p.overlap = p.now
	default:
		p.worst = max(p.worst, p.now.Sub(p.overlap))
	}
}

// clients has a client of each server ask all that are up.
func (p *pair) clients() {
	for i, s := range p.servers {
		for c, scope := range []string{"server1", "server2"} {
			if s.up && s.Serving() && !slices.Contains(s.Scopes(), scope) {
				p.step(i, queryLeft{Client: lease.Client{HWAddr: []byte{byte(c), byte(p.rand.IntN(4))}}, Waited: 2 * time.Second})
			}
			if s.up && s.Updates() == updatesUnsent && slices.Contains(s.Scopes(), scope) {
				p.step(i, updateUnsent{})
			}
		}
	}
}

// run lets time pass until then, or until done.
func (p *pair) run(d time.Duration, done func() bool) bool {
	end := p.now.Add(d)
	asks := p.now
	for n := 0; ; n++ {
		require.Less(p.t, n, 100_000)
		if done != nil && done() {
			return true
		}
		next, do := end, func() {}
		consider := func(at time.Time, run func()) {
			if at.Before(next) {
				next, do = at, run
			}
		}
		for k, q := range p.queue {
			consider(q.at, func() {
				p.queue = slices.Delete(p.queue, k, k+1)
				q.run()
			})
		}
		for i, s := range p.servers {
			if s.up && !s.Deadline().IsZero() {
				consider(s.Deadline(), func() { p.step(i, tick{}) })
			}
		}
		consider(asks, func() { asks = asks.Add(300 * time.Millisecond); p.clients() })
		if next.Equal(end) {
			p.now = end
			return done != nil && done()
		}
		if next.After(p.now) {
			p.now = next
		}
		do()
		p.check()
	}
}

func (p *pair) normal() bool {
	for _, s := range p.servers {
		if !s.up || s.State() != normalOf(s.cfg.Mode) || s.Covering() || s.Updates() != updatesAwaited {
			return false
		}
	}
	return true
}

// recovers requires that both are soon in normal operation, and stay there.
func (p *pair) recovers(heartbeats int) {
	p.t.Helper()
	// What was asked while the link was cut fails first.
	require.LessOrEqual(p.t, p.worst, time.Second+timeout+2*latency, "both served the same; %v", p.lines())
	p.worst, p.overlap = 0, time.Time{}
	ok := p.run(time.Duration(heartbeats)*time.Second, p.normal)
	require.True(p.t, ok, "%v %v; %v", p.servers[0].State(), p.servers[1].State(), p.lines())
	p.run(10*time.Second, nil)
	require.True(p.t, p.normal(), "%v", p.lines())
	// An answer can be as old as a request takes, the next comes a
	// heartbeat-delay later.
	require.LessOrEqual(p.t, p.worst, time.Second+2*latency, "both served the same; %v", p.lines())
}

func (p *pair) lines() (s string) {
	for _, l := range p.log {
		s += "\n" + l
	}
	return s
}

// From whatever two servers are, and think of each other.
func TestPairBecomesNormal(t *testing.T) {
	states := []State{StateWaiting, StateSyncing, StateReady, StateUnavailable /* the normal one */, StateCommunicationRecovery, StatePartnerDown}
	for _, ours := range []bool{false, true} {
		for _, mode := range []Mode{LoadBalancing, HotStandby} {
			for _, a := range states {
				for _, b := range states {
					for n := range uint64(24) {
						if mode == HotStandby && (b == StateCommunicationRecovery || a == StateCommunicationRecovery && !ours) {
							continue // of ours the primary alone
						}
						p := newPair(t, mode, ours, n)
						p.start(0)
						p.run(time.Duration(n%8)*125*time.Millisecond, nil)
						p.start(1)
						for i, s := range []State{a, b} {
							if s == StateUnavailable {
								s = normalOf(mode)
							}
							m := p.servers[i].machine
							m.partner.ours = ours
							switch n / 8 {
							case 1:
								m.found(p.now, StateUnavailable)
							case 2:
								if other := []State{b, a}[i]; other != StateUnavailable {
									m.found(p.now, other)
								} else {
									m.found(p.now, normalOf(mode))
								}
							}
							m.enter(p.now, s)
							m.actions = nil
						}
						p.recovers(12)
					}
				}
			}
		}
	}
}

// After any series of faults and maintenance.
func TestPairRecovers(t *testing.T) {
	for seed := range uint64(400) {
		for _, ours := range []bool{false, true} {
			for _, mode := range []Mode{LoadBalancing, HotStandby} {
				p := newPair(t, mode, ours, seed)
				p.start(0)
				p.start(1)
				for range 2 + p.rand.IntN(12) {
					p.run(time.Duration(p.rand.IntN(7000))*time.Millisecond, nil)
					p.fault()
				}
				p.heal()
				p.recovers(16)
			}
		}
	}
}

func (p *pair) fault() {
	i := p.rand.IntN(2)
	s := p.servers[i]
	switch n := p.rand.IntN(10); {
	case n < 2:
		p.logf("cut: %v", !p.cut)
		p.cut = !p.cut
	case n < 4 && s.up:
		p.logf("%d stops", i+1)
		s.up = false
		s.lives++
	case n < 5 && s.up:
		p.start(i)
	case !s.up:
		p.start(i)
	case n == 5:
		p.step(i, reset{})
	case n == 6:
		p.step(i, maintenanceStart{})
	case n == 7:
		p.step(i, maintenanceCancel{})
	case n == 8 && s.StoreFailed():
		p.step(i, storeWorks{})
	case n == 8 && p.ours:
		p.logf("%d store fails", i+1)
		p.step(i, storeFailed{})
	case n == 9:
		p.step(i, backlogOverflowed{})
	}
}

// heal ends all faults, and does what people have to in the end.
func (p *pair) heal() {
	p.cut = false
	for i, s := range p.servers {
		if !s.up {
			p.start(i)
		}
		if s.StoreFailed() {
			p.step(i, storeWorks{})
		}
	}
	p.logf("healed")
	maintenance := func() bool {
		return slices.ContainsFunc(p.servers[:], func(s *server) bool {
			both := []State{StateInMaintenance, StatePartnerInMaintenance} // also as last heard of one that has just restarted
			return slices.Contains(both, s.State()) || slices.Contains(both, s.Partner())
		})
	}
	p.run(timeout+time.Millisecond, nil) // a notify may be under way
	if !maintenance() {
		return
	}
	p.run(8*time.Second, nil)
	for i, s := range p.servers {
		if s.State() == StatePartnerInMaintenance {
			p.step(i, maintenanceCancel{})
			p.run(time.Second, nil)
		}
	}
	for i, s := range p.servers {
		if s.State() == StateInMaintenance || s.State() == StatePartnerInMaintenance {
			p.logf("%d is left in maintenance", i+1)
			p.step(i, reset{})
		}
	}
}
