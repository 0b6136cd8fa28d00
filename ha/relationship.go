package ha

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// maxLeft bounds how many queries that were left to the partner may wait to be
// counted. More of them tell nothing new.
const maxLeft = 1024

// relationship is this server among those of one Config. One goroutine, that
// of run, owns the machine: it steps it, performs the actions, and is told of
// everything else by the mailbox. What takes time runs in goroutines of its
// own, which it waits for, and ends by putting its result into the mailbox.
type relationship struct {
	s     *Service
	index int
	cfg   *Config
	log   *slog.Logger
	split split

	members  []*member // the other servers, by name
	partner  *member   // the other active server; nil: there is none
	receiver *receiver
	alone    *alone // with a partner
	// confirming are those that in some state must confirm changes before
	// clients are told.
	confirming []*replica

	held ctrl.Service // what its partners hold off, where that is not the whole server

	view atomic.Pointer[view]
	box  *mailbox
	left atomic.Int32 // queries in the mailbox that were left to the partner
	// unsent counts commits whose changes the state does not let be sent, and
	// that the machine has not been told of.
	unsent atomic.Uint64
	done   chan struct{} // closed when run has ended

	syncing atomic.Pointer[time.Time]     // since when leases are being fetched; nil: they are not
	came    atomic.Pointer[chan struct{}] // closed when changes have come from a peer of this kind

	// Of the goroutine of run.
	ctx     context.Context
	work    sync.WaitGroup
	machine *machine
	// together is the revision from which on the partner confirms all changes
	// that clients are told of; 0: it does not.
	together uint64
	// reply answers the command of the step that is made, later the one that
	// an earlier step has begun; the machine lets only one begin.
	reply, later func(ctrl.Response)
	stopSync     context.CancelCauseFunc  // of the last synchronization; nil: there was none
	pools        atomic.Pointer[[]string] // that a Kea for a partner would share
	unfit        bool                     // the machine was told that this server must not serve
	sending      bool                     // the partner's replica was told to send
	off          bool                     // the machine was told that others hold the service off
}

func newRelationship(s *Service, index int, cfg *Config) (*relationship, error) {
	r := &relationship{
		s: s, index: index, cfg: cfg,
		log:     s.opts.Logger.With("server", cfg.ThisServerName),
		split:   newSplit(cfg, s.opts.Family),
		box:     newMailbox(),
		done:    make(chan struct{}),
		machine: newMachine(cfg, time.Now()),
	}
	r.held.LogTo(r.log)
	r.came.Store(new(make(chan struct{})))
	for _, p := range cfg.Peers {
		if p.Name == cfg.ThisServerName {
			continue
		}
		other, err := newPeer(cfg, p, &s.opts)
		if err != nil {
			return nil, err
		}
		r.members = append(r.members, &member{peer: other, r: r})
	}
	slices.SortFunc(r.members, func(a, b *member) int { return cmp.Compare(a.Name, b.Name) })
	if p := cfg.partner(); p != nil && cfg.this().Role != Backup && cfg.Mode != PassiveBackup {
		r.partner = r.member(p.Name)
	}
	r.pools.Store(new([]string))
	return r, nil
}

// member returns another server of the relationship, or nil.
func (r *relationship) member(name string) *member {
	for _, m := range r.members {
		if m.Name == name {
			return m
		}
	}
	return nil
}

// now is the time by the clock that was handed in, which is that of leases and
// may be set. How long something takes is measured by the system's, which goes
// on whatever is done to that: the machine and what it is seen by go by it.
func (r *relationship) now() time.Time { return r.s.opts.Now() }

// run is the life of the relationship until ctx ends.
func (r *relationship) run(ctx context.Context) {
	r.ctx = ctx
	defer close(r.done)
	defer r.stop()
	r.log.Info("high availability begins", "mode", r.cfg.Mode, "role", r.cfg.this().Role)
	for _, m := range r.members {
		r.work.Go(func() { m.replica.run(ctx) })
		if m != r.partner {
			r.work.Go(func() { m.greet(ctx) })
		}
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		if deadline := r.deadline(); deadline.IsZero() {
			timer.Stop()
		} else {
			timer.Reset(max(time.Until(deadline), 0))
		}
		select {
		case <-ctx.Done():
			return
		case <-r.box.ready:
			for _, f := range r.box.take() {
				f()
			}
		case <-timer.C:
			now := time.Now()
			if deadline := r.machine.Deadline(); !deadline.IsZero() && !now.Before(deadline) {
				r.step(tick{})
			} else if v := r.view.Load(); !v.silent && v.interrupted(now) {
				r.look()
			}
		}
	}
}

// deadline returns when there is something to do next: for the machine, or
// since the partner has been silent for too long. Zero: never.
func (r *relationship) deadline() time.Time {
	deadline := r.machine.Deadline()
	v := r.view.Load()
	if at := v.interruptedAt; !v.silent && !at.IsZero() && (deadline.IsZero() || at.Before(deadline)) {
		return at
	}
	return deadline
}

// stop waits for what run has begun. Nobody is served any more; that counts
// before the replicas know of no more changes.
func (r *relationship) stop() {
	r.box.close()
	v := *r.view.Load()
	v.serving = false
	r.view.Store(&v)
	for _, m := range r.members {
		m.replica.feed.gate(false, false) // whoever still waits is told so
	}
	r.work.Wait()
	r.s.hold(r, true)
}

// tell puts an event into the mailbox.
func (r *relationship) tell(ev event) {
	r.box.put(func() { r.step(ev) })
}

// heedsTaken says whether it matters to the machine that the partner has taken
// a change: there are thousands a second.
func (r *relationship) heedsTaken() bool { return r.view.Load().rejects }

// tellUnsent counts a commit whose changes the state does not let be sent. Of
// many at once the machine is told in one step.
func (r *relationship) tellUnsent() {
	if r.unsent.Add(1) == 1 {
		r.box.put(func() { r.step(updateUnsent{More: r.unsent.Swap(0) - 1}) })
	}
}

// tellLeft counts a query that was left to the silent partner.
func (r *relationship) tellLeft(c lease.Client, waited time.Duration) {
	if r.left.Add(1) > maxLeft {
		r.left.Add(-1)
		return
	}
	// The client's octets are the packet's, which will be used again.
	ev := queryLeft{Client: lease.Client{ID: slices.Clone(c.ID), HWAddr: slices.Clone(c.HWAddr)}, Waited: waited}
	if !r.box.put(func() { r.left.Add(-1); r.step(ev) }) {
		r.left.Add(-1)
	}
}

// command runs the event of a command and returns the machine's answer.
func (r *relationship) command(ctx context.Context, ev event) ctrl.Response {
	return r.await(ctx, func(answer func(ctrl.Response)) {
		r.reply = answer
		r.step(ev)
		if r.reply != nil {
			r.reply, r.later = nil, r.reply
		}
	})
}

// await runs f in the goroutine of run, and returns what it answers, then or
// later.
func (r *relationship) await(ctx context.Context, f func(answer func(ctrl.Response))) ctrl.Response {
	if !r.s.running.Load() {
		return ctrl.Errorf("high availability is not running")
	}
	answer := make(chan ctrl.Response, 1)
	r.box.put(func() { f(func(resp ctrl.Response) { answer <- resp }) })
	select {
	case resp := <-answer:
		return resp
	case <-ctx.Done():
		return ctrl.Errorf("no answer in time: %v", context.Cause(ctx))
	case <-r.done:
	}
	select {
	case resp := <-answer:
		return resp
	default:
		return ctrl.Errorf("the server is shutting down")
	}
}

// step steps the machine and performs what it asks for.
func (r *relationship) step(ev event) {
	switch ev.(type) {
	case tick:
		r.watchSwitch()
	case heartbeatAnswered:
		r.judge()
	}
	r.advance(ev)
}

// advance is step without what must be known to the machine before.
func (r *relationship) advance(ev event) {
	actions := r.machine.Step(time.Now(), ev)
	r.look()
	r.allow()
	for _, a := range actions {
		r.perform(a)
	}
}

// judge tells the machine when this server must not serve, or may again: for
// its store, or since pools would be shared with a Kea. It then waits.
func (r *relationship) judge() {
	unguarded := r.unguarded()
	r.pools.Store(&unguarded)
	unfit := r.s.health.failed.Load() || len(unguarded) > 0
	if unfit == r.unfit {
		return
	}
	r.unfit = unfit
	if len(unguarded) > 0 {
		r.log.Error("nobody is served: the partner is a Kea, and in load-balancing both would give addresses from pools that are not guarded by the servers' classes",
			"pools", unguarded, "classes", r.split.classNames())
	}
	if unfit {
		r.advance(storeFailed{})
	} else {
		r.advance(storeWorks{})
	}
}

// unguarded returns the pools that a Kea for a partner would share.
func (r *relationship) unguarded() []string {
	if !r.withKea() || r.cfg.Mode != LoadBalancing || r.s.opts.Unguarded == nil {
		return nil
	}
	return r.s.opts.Unguarded(r.split.classNames())
}

// withKea says whether the partner is known to be of another kind.
func (r *relationship) withKea() bool {
	if r.partner == nil {
		return false
	}
	ours, known := r.partner.ours()
	return known && !ours
}

// admit says whether a query is answered here, and the classes it gets.
func (r *relationship) admit(c lease.Client, waited time.Duration) ([]string, bool) {
	v := r.view.Load()
	if !v.serving || !r.held.Enabled() {
		return nil, false
	}
	i, ok := r.split.owner(c.ID, c.HWAddr)
	if ok && v.serves[i] {
		return r.split.classes[i], true
	}
	if v.silent {
		r.tellLeft(c, waited)
	}
	return nil, false
}

// reclaims says whether this server reclaims an expired lease.
func (r *relationship) reclaims(l *lease.Lease) bool {
	v := r.view.Load()
	if !v.serving {
		return false
	}
	i, ok := r.split.owner(l.ClientID, l.HWAddr)
	switch {
	case v.ours:
		// A lease that does not tell whose it is, a declined one say, is
		// looked after by the primary, or by who has taken over.
		return v.serves[i]
	case v.state == StateTerminated:
		return ok && v.serves[i]
	}
	return true
}
