package engine

import (
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/conf"
	"github.com/dhcpha/dhcpha/lease"
)

// Core is what the engines of both families consist of, besides what their
// configurations mean and how their messages look. Its methods may be called by
// many goroutines at once, but Init, SetPools, Limit and Use by one at a time.
type Core struct {
	Store     *lease.Store
	Committer lease.Committer
	Alloc     *lease.Allocator
	Turns     Turns
	Log       *slog.Logger
	Service   *ctrl.Service
	Stats     Stats

	background lease.Committer
	reclaims   func(lease.Lease) bool

	held     *Held // nil: nothing is limited
	settings atomic.Pointer[settings]
	started  time.Time
	changed  chan struct{} // the settings have changed, for Run
}

// Options are the parts of an engine that have a default, as the EngineOptions
// of both families say.
type Options struct {
	Committer  lease.Committer
	Background lease.Committer
	Reclaims   func(lease.Lease) bool
	Service    *ctrl.Service
	Logger     *slog.Logger
}

// Settings are what a core goes by of a configuration.
type Settings struct {
	Subnets []ctrl.Subnet // by ID

	SampleCount *uint32 // statistic-default-sample-count
	SampleAge   uint32  // statistic-default-sample-age
	Expired     *conf.ExpiredLeasesProcessing
}

// settings are Settings that are in use.
type settings struct {
	Settings
	byID  map[uint32]ctrl.Subnet
	since time.Time
}

// Init prepares the zero Core. Before it can be used it needs SetPools and Use.
func (c *Core) Init(store *lease.Store, names *StatNames, o Options) {
	c.Store, c.Committer, c.background = store, o.Committer, o.Background
	c.reclaims, c.Service, c.Log = o.Reclaims, o.Service, o.Logger
	c.started, c.changed = time.Now(), make(chan struct{}, 1)
	if c.Committer == nil {
		c.Committer = store
	}
	if c.background == nil {
		c.background = c.Committer
	}
	if c.Service == nil {
		c.Service = new(ctrl.Service)
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.Log = Throttled(c.Log)
	if o.Logger != nil {
		c.Service.LogTo(c.Log)
	}
	c.Stats.init(names)
}

// SetPools makes the pools of a configuration those that addresses are taken
// from, and returns them in the order of their specs. Offers that were made
// stay good. After an error all is as it was.
func (c *Core) SetPools(specs []lease.PoolSpec) ([]*lease.Pool, error) {
	if c.Alloc != nil {
		return c.Alloc.SetPools(specs)
	}
	alloc, err := lease.NewAllocator(c.Store, specs)
	if err != nil {
		return nil, err
	}
	c.Alloc = alloc
	return alloc.Pools(), nil
}

// Use makes the core go by other settings, once it has their pools.
func (c *Core) Use(s Settings) {
	in := &settings{Settings: s, byID: map[uint32]ctrl.Subnet{}, since: time.Now()}
	for _, subnet := range s.Subnets {
		in.byID[subnet.ID] = subnet
	}
	c.Stats.setSubnets(s.Subnets, c.Alloc.Pools(), c.Store)
	c.Stats.All.SetSamples(samples(s.SampleCount, s.SampleAge))
	c.settings.Store(in)
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

// Limit begins to count what clients behind relay agents have, or ends it. It
// returns the count; nil: nothing is limited, and nothing is counted. place says
// where the client of a lease is.
func (c *Core) Limit(limited bool, place func(*lease.Lease) Place) *Held {
	switch {
	case limited && c.held == nil:
		c.held = NewHeld(c.Store, place)
	case !limited && c.held != nil:
		c.held.Close()
		c.held = nil
	}
	return c.held
}

// Close ends the observation of the store.
func (c *Core) Close() {
	c.Alloc.Close()
	c.Limit(false, nil)
}
