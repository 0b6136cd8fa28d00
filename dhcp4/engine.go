package dhcp4

import (
	"context"
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
	core engine.Core
	gate Gate
	plan atomic.Pointer[plan] // what the configuration means

	reload sync.Mutex // one Reload at a time
	locals locals

	exchanges sync.Pool // memory of queries that have been answered
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
	e := &Engine{gate: opts.Gate}
	e.core.Init(store, &statNames, engine.Options{
		Committer:  opts.Committer,
		Background: opts.Background,
		Reclaims:   opts.Reclaims,
		Service:    opts.Service,
		Logger:     opts.Logger,
	})
	if err := e.Reload(cfg); err != nil {
		return nil, err
	}
	return e, nil
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
	pools, err := e.core.SetPools(p.poolSpecs())
	if err != nil {
		return fmt.Errorf("dhcp4: pools: %w", err)
	}
	p.setPools(pools)
	p.held = e.core.Limit(p.limited(), placeOf)
	settings := engine.Settings{
		SampleCount: cfg.StatisticDefaultSampleCount,
		SampleAge:   cfg.StatisticDefaultSampleAge,
		Expired:     cfg.ExpiredLeasesProcessing,
	}
	for _, s := range p.subnets {
		settings.Subnets = append(settings.Subnets, ctrl.Subnet{ID: s.id, Prefix: s.prefix, ValidLft: s.valid.Usual, Server: s.server})
	}
	e.core.Use(settings)
	e.plan.Store(p)
	return nil
}

// Config returns what the engine goes by. It must not be changed.
func (e *Engine) Config() *Config { return e.plan.Load().cfg }

// Pools returns the pools that are in use, in the order of the configuration.
func (e *Engine) Pools() []*lease.Pool { return e.core.Alloc.Pools() }

// NoSubnet returns when a client last asked for a lease on a link that no subnet
// is configured for, so that it got none; zero: not in the last ten minutes. What
// is mostly a mistake in the configuration is also in the log, and counted as
// v4-allocation-fail-no-subnet.
func (e *Engine) NoSubnet() time.Time { return e.core.Stats.NoSubnet() }

// Service is the switch that the commands dhcp-disable and dhcp-enable turn.
// While it is off queries are dropped, and counted.
func (e *Engine) Service() *ctrl.Service { return e.core.Service }

// Close ends the engine's observation of the store. It must not be used any
// more.
func (e *Engine) Close() { e.core.Close() }

// Run reclaims expired leases, by the configuration of the moment, until ctx
// ends; it returns nil then.
func (e *Engine) Run(ctx context.Context) error { return e.core.Run(ctx) }

// ServeDHCP answers one query. A [Server] whose handler is the engine itself
// takes a shorter way, which makes no messages of the library.
func (e *Engine) ServeDHCP(ctx context.Context, q *Query) (*Reply, error) {
	var in incoming
	in.take(q)
	x := e.begin(&in)
	if x == nil {
		return nil, nil
	}
	defer x.done()
	m, err := x.end(ctx)
	if m == nil {
		return nil, err
	}
	return &Reply{Message: m.library()}, nil
}

// begin does what can be done for a query without waiting for anything; nil: it
// is not answered. A server's own query is begun by who reads the socket. The
// query has to stay as it is until the exchange is done.
func (e *Engine) begin(q *incoming) *exchange {
	x := e.newExchange(q)
	e.core.Stats.Received(int(x.typ))
	if x.holder = engine.Begin[message](&e.core, x); x.holder == "" {
		x.done()
		return nil
	}
	return x
}

// end answers a query that has begun; nil: by silence. The reply is good until
// the exchange is done.
func (x *exchange) end(ctx context.Context) (*message, error) {
	m, err := engine.Answer[message](ctx, &x.e.core, x, x.holder)
	if m != nil {
		x.e.core.Stats.Sent(int(m.msgType()))
	}
	return m, err
}
