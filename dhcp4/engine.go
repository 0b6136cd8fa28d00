package dhcp4

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

// Engine is the [Handler] that gives out leases: DHCP as RFC 2131 has it, with
// Kea's configuration and, where the RFC leaves a choice, Kea's choices.
//
// Every lease is handed to the Committer before the client is told of it. If
// that fails there is no reply: the client asks again. Queries are answered
// from memory; one client's queries are answered one after another.
type Engine struct {
	store      *lease.Store
	committer  lease.Committer
	background lease.Committer
	reclaims   func(lease.Lease) bool
	gate       Gate
	log        *slog.Logger

	plan  atomic.Pointer[plan] // what the configuration means
	alloc *lease.Allocator
	turns engine.Turns

	service *ctrl.Service
	stats   engineStats
	started time.Time

	reload   sync.Mutex // one Reload at a time
	reloaded atomic.Int64
	changed  chan struct{} // the plan has changed, for Run

	locals locals
}

// EngineOptions are the parts of an Engine that have a default.
type EngineOptions struct {
	// Committer takes lease changes; nil: the store itself.
	Committer lease.Committer
	// Background takes the lease changes that no client waits for: of lease
	// commands, and of the reclamation of expired leases. Nil: Committer.
	Background lease.Committer
	// Reclaims says whether an expired lease is this server's to reclaim;
	// nil: all are. See lease.Reclaimer.Owned.
	Reclaims func(lease.Lease) bool
	// Service is the switch that Engine.Service returns; nil: one of the
	// engine's own.
	Service *ctrl.Service
	// Gate decides which queries are answered; nil: all.
	Gate Gate
	// Logger takes what happens to leases (debug) and what an operator should
	// look at (warning). Nil discards.
	Logger *slog.Logger
}

// NewEngine makes an engine that answers queries as cfg says and knows leases
// by the store. The configuration is checked as by [Config.Validate], and must
// not be changed afterwards. Close releases what the engine holds.
func NewEngine(cfg *Config, store *lease.Store, opts *EngineOptions) (*Engine, error) {
	if opts == nil {
		opts = &EngineOptions{}
	}
	e := &Engine{
		store:      store,
		committer:  opts.Committer,
		background: opts.Background,
		reclaims:   opts.Reclaims,
		gate:       opts.Gate,
		service:    opts.Service,
		log:        opts.Logger,
		started:    time.Now(),
		changed:    make(chan struct{}, 1),
	}
	if e.committer == nil {
		e.committer = store
	}
	if e.background == nil {
		e.background = e.committer
	}
	if e.service == nil {
		e.service = new(ctrl.Service)
	}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	e.log = engine.Throttled(e.log)
	p, err := newPlan(cfg)
	if err != nil {
		return nil, err
	}
	if e.alloc, err = lease.NewAllocator(store, p.poolSpecs()); err != nil {
		return nil, fmt.Errorf("dhcp4: pools: %w", err)
	}
	p.setPools(e.alloc.Pools())
	e.stats.init()
	e.use(p)
	return e, nil
}

// use makes p what queries are answered by.
func (e *Engine) use(p *plan) {
	e.stats.setSubnets(e, e.plan.Load(), p)
	e.stats.all.SetSamples(p.cfg.samples())
	e.plan.Store(p)
	e.reloaded.Store(time.Now().UnixNano())
}

// Reload makes the engine go by another configuration. Queries in flight are
// answered by the old one. Offers that were made stay good. After an error all
// is as it was.
func (e *Engine) Reload(cfg *Config) error {
	e.reload.Lock()
	defer e.reload.Unlock()
	p, err := newPlan(cfg)
	if err != nil {
		return err
	}
	pools, err := e.alloc.SetPools(p.poolSpecs())
	if err != nil {
		return fmt.Errorf("dhcp4: pools: %w", err)
	}
	p.setPools(pools)
	e.use(p)
	select {
	case e.changed <- struct{}{}:
	default:
	}
	return nil
}

// Config returns what the engine goes by. It must not be changed.
func (e *Engine) Config() *Config { return e.plan.Load().cfg }

// Service is the switch that the commands dhcp-disable and dhcp-enable turn.
// While it is off queries are dropped, and counted.
func (e *Engine) Service() *ctrl.Service { return e.service }

// Close ends the engine's observation of the store. It must not be used any
// more.
func (e *Engine) Close() { e.alloc.Close() }

// Run reclaims expired leases, by the configuration of the moment, until ctx
// ends; it returns nil then.
func (e *Engine) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := e.reclaim(ctx); err != nil {
			return err
		}
	}
	return nil
}

// reclaim runs until ctx ends or there is another configuration.
func (e *Engine) reclaim(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &lease.Reclaimer{
		Store:     e.store,
		Committer: e.background,
		Owned:     e.reclaims,
		Params:    reclaimParams(e.plan.Load().cfg.ExpiredLeasesProcessing),
		Logger:    e.log,
		Reclaimed: e.reclaimed,
	}
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	select {
	case <-e.changed:
		cancel()
		return <-done
	case err := <-done:
		return err
	}
}

// maxTries bounds how often a decision is made anew because a lease changed
// between the decision and its commit.
const maxTries = 3

// ServeDHCP answers one query.
func (e *Engine) ServeDHCP(ctx context.Context, q *Query) (*Reply, error) {
	e.stats.received(q.Message.MessageType())
	reply, err := e.serve(ctx, q)
	switch {
	case errors.Is(err, lease.ErrConflict):
		// Somebody else changed the lease each time: the client will ask again.
		e.log.Warn("lease kept changing, query dropped", "client", engine.Logged(clientOf(q.Message)), "error", err)
		e.stats.drop.Add(1)
		return nil, nil
	case err != nil:
		e.stats.drop.Add(1)
		return nil, err
	case reply != nil:
		e.stats.sent(reply.Message.MessageType())
	}
	return reply, nil
}

func (e *Engine) serve(ctx context.Context, q *Query) (*Reply, error) {
	if !e.service.Enabled() {
		e.stats.disabled.Add(1)
		e.stats.drop.Add(1)
		return nil, nil
	}
	e.locals.add(q.Local)
	x := newExchange(e, q)
	if reason := x.accept(); reason != "" {
		e.log.Debug("query dropped", "client", engine.Logged(x.client), "type", x.type_, "reason", reason)
		e.stats.drop.Add(1)
		return nil, nil
	}
	answer := x.answerer()
	if answer == nil {
		return nil, nil
	}
	release, err := e.turns.Take(ctx, x.holder)
	if errors.Is(err, engine.ErrBusy) {
		e.log.Debug("query dropped", "client", engine.Logged(x.client), "type", x.type_, "reason", err)
		e.stats.drop.Add(1)
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("dhcp4: wait for the client's query before: %w", err)
	}
	defer release()
	for try := 1; ; try++ {
		x.reset()
		reply, err := answer(ctx)
		if !errors.Is(err, lease.ErrConflict) || try == maxTries {
			return reply, err
		}
	}
}
