package main

import (
	"context"
	"encoding/json"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/lease"
)

// failover is the high availability of the server. It stands before the
// engine, as its gate and committer, while the ha.Service behind it gives way
// to another when its configuration changes, as Kea's does.
type failover struct {
	opts    ha.Options
	store   *lease.Store
	service atomic.Pointer[ha.Service]

	mu   sync.Mutex
	cfgs []*ha.Config // of the service that runs, or of that which is to follow
	stop func()       // ends the service that runs
}

// newFailover returns the high availability that a server has from its start.
func newFailover(cfgs []*ha.Config, store *lease.Store, opts ha.Options) (*failover, error) {
	opts.Switch = new(ctrl.Service)
	f := &failover{store: store, cfgs: cfgs, stop: func() {}, opts: opts}
	service, err := ha.New(cfgs, store, &f.opts)
	f.service.Store(service)
	return f, err
}

// run is the high availability until ctx ends.
func (f *failover) run(ctx context.Context, mux *ctrl.Mux, subnets ctrl.Subnets) error {
	for {
		running, stop := context.WithCancel(ctx)
		f.mu.Lock()
		f.stop = stop
		f.mu.Unlock()
		err := f.service.Load().Run(running, mux, subnets)
		stop()
		if err != nil || ctx.Err() != nil {
			return err
		}
		// Kea, too, takes back what any server has switched off.
		f.opts.Switch.EnableHA()
		f.mu.Lock()
		cfgs := f.cfgs
		f.mu.Unlock()
		service, err := ha.New(cfgs, f.store, &f.opts)
		if err != nil {
			return err
		}
		f.service.Store(service)
		service.Register(mux)
	}
}

// restart lets high availability begin anew with another configuration, soon:
// it may be a command of another server that is answered first.
func (f *failover) restart(cfgs []*ha.Config) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cfgs = cfgs
	f.stop()
}

// differs says whether a configuration is another than that in force.
func (f *failover) differs(cfgs []*ha.Config) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	before, _ := json.Marshal(f.cfgs)
	after, _ := json.Marshal(cfgs)
	return string(before) != string(after)
}

// register adds the commands of high availability to mux, and one that Kea has
// not: ha-status tells a person how things are. noSubnet is that of the engine.
func (f *failover) register(mux *ctrl.Mux, noSubnet func() time.Time) {
	f.service.Load().Register(mux)
	mux.Handle("ha-status", func(context.Context, json.RawMessage) ctrl.Response {
		text := f.service.Load().Status().String()
		if last := noSubnet(); !last.IsZero() {
			text += "CLIENTS ON A LINK WITHOUT A SUBNET GET NOTHING, the last at " + last.Format(time.DateTime) + "\n"
		}
		return ctrl.Response{Text: text}
	})
}

// Admit makes failover the engine's gate.
func (f *failover) Admit(c lease.Client, waited time.Duration, server func() string) ([]string, bool) {
	return f.service.Load().Admit(c, waited, server)
}

// Commit makes failover the engine's committer.
func (f *failover) Commit(ctx context.Context, changes ...lease.Change) error {
	return f.service.Load().Commit(ctx, changes...)
}

// Confirmed makes failover a lease.Confirmer: the engine asks it before it uses
// a lease again.
func (f *failover) Confirmed(l lease.Lease) bool { return f.service.Load().Confirmed(l) }

var _ lease.Confirmer = (*failover)(nil)

// background is the committer for changes that no client waits for.
type background struct{ *failover }

func (b background) Commit(ctx context.Context, changes ...lease.Change) error {
	return b.service.Load().Background().Commit(ctx, changes...)
}

func (f *failover) reclaims(l lease.Lease) bool { return f.service.Load().Reclaims(l) }
