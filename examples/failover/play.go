package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/lease"
)

// patienceWithServers is how long the pair may take for what it does by itself
// in a second or two.
const patienceWithServers = 20 * time.Second

// play is the pair, its clients and what is to happen to them.
type play struct {
	*screen
	plan   *plan
	book   *book
	began  time.Time
	outage time.Duration

	mu      sync.Mutex
	nodes   [2]*node // nil: it is dead
	states  [2]ha.State
	changed chan struct{} // closed at every change of a state
}

func newPlay(s *screen, mode ha.Mode, dir string) (*play, error) {
	plan, err := newPlan(mode, dir)
	return &play{screen: s, plan: plan, book: newBook(), began: time.Now(), changed: make(chan struct{})}, err
}

// run is the play: both serve, one dies, it comes back.
func (p *play) run(ctx context.Context, clients int, length time.Duration) error {
	p.say("\n%s: two DHCPv4 servers on loopback, %d clients at a time.", p.plan.mode, clients)
	p.say("Each client gets a lease, renews it and makes room for the next.\n")
	normal, _ := ha.ParseState(string(p.plan.mode))
	for i := range names {
		if err := p.raise(ctx, i); err != nil {
			return err
		}
	}
	playing, end := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer group.Wait()
	defer end()
	group.Go(func() { p.show(playing) })
	if err := p.await(ctx, normal, normal); err != nil {
		return err
	}
	for n := range clients {
		group.Go(func() {
			if err := simulate(playing, p.plan.addrs[:], p.book, n); err != nil {
				p.event("%v", err)
				p.book.note(err)
			}
		})
	}
	if err := pause(ctx, length); err != nil {
		return err
	}

	p.event("%s is killed, with queries in flight", names[0])
	p.book.mark()
	if err := p.fell(0); err != nil {
		return err
	}
	if err := p.await(ctx, ha.StateNone, ha.StatePartnerDown); err != nil {
		return err
	}
	if err := pause(ctx, length); err != nil {
		return err
	}
	p.outage = p.book.mark()

	p.event("%s comes back, with what is on its disk", names[0])
	if err := p.raise(ctx, 0); err != nil {
		return err
	}
	if err := p.await(ctx, normal, normal); err != nil {
		return err
	}
	if err := pause(ctx, length); err != nil {
		return err
	}
	p.outage = max(p.outage, p.book.mark())
	return nil
}

// end stops what still runs, and looks up all that clients were promised in
// both servers' files.
func (p *play) end() error {
	for i := range names {
		if err := p.fell(i); err != nil {
			return err
		}
		store, err := lease.Open(p.plan.file(i), nil)
		if err != nil {
			return err
		}
		p.book.audit(names[i], store)
		if err := store.Close(); err != nil {
			return err
		}
	}
	return nil
}

// raise starts a server.
func (p *play) raise(ctx context.Context, i int) error {
	n, err := p.plan.start(ctx, i, func(c ha.StateChange) {
		p.event("%s is %v, serving %s", names[i], c.To, clientsOf(c.Scopes))
		p.enter(i, c.To)
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	p.nodes[i] = n
	return err
}

// fell stops a server without a word to anybody.
func (p *play) fell(i int) error {
	p.mu.Lock()
	n := p.nodes[i]
	p.nodes[i] = nil
	p.mu.Unlock()
	if n == nil {
		return nil
	}
	err := n.stop()
	p.enter(i, ha.StateNone)
	return err
}

func (p *play) enter(i int, s ha.State) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.states[i] = s
	close(p.changed)
	p.changed = make(chan struct{})
}

// await waits until the servers are in these states.
func (p *play) await(ctx context.Context, states ...ha.State) error {
	timeout := time.NewTimer(patienceWithServers)
	defer timeout.Stop()
	for {
		p.mu.Lock()
		now, changed := p.states, p.changed
		p.mu.Unlock()
		if now == [2]ha.State(states) {
			return nil
		}
		select {
		case <-changed:
		case <-timeout.C:
			return fmt.Errorf("the servers are %q and not %q after %v", now, states, patienceWithServers)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// event says what has happened, and when.
func (p *play) event(format string, args ...any) {
	p.say("%6.2f s  %s", time.Since(p.began).Seconds(), fmt.Sprintf(format, args...))
}

// show draws the picture of the moment until ctx ends.
func (p *play) show(ctx context.Context) {
	every := time.Second
	if p.terminal {
		every /= 4
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			p.draw(p.picture(every)...)
		case <-ctx.Done():
			return
		}
	}
}

// picture returns the lines that show the moment: each server, and what the
// clients have got since the last picture.
func (p *play) picture(every time.Duration) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var lines []string
	for i, n := range p.nodes {
		line := fmt.Sprintf("          %-22s dead", names[i])
		if n != nil {
			line = fmt.Sprintf("          %-22s %-24v %8d leases", names[i], p.states[i], n.store.Count(0, lease.Assigned, lease.V4))
		}
		lines = append(lines, line)
	}
	acks, clients := p.book.count()
	return append(lines, fmt.Sprintf("          %-22s %-24s %8d clients", "clients", fmt.Sprintf("%.0f ACKs/s", float64(acks)/every.Seconds()), clients))
}

// clientsOf returns a scope list in words.
func clientsOf(scopes []string) string {
	switch len(scopes) {
	case 0:
		return "nobody"
	case len(names):
		return "all clients"
	}
	return "the clients of " + scopes[0]
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
