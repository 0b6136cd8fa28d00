package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/dhcp4"
	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/lease"
)

// settings are what a user says by flags.
type settings struct {
	file             string
	name             string // which of the peers this server is; empty: see ha.ParseOptions
	parse            dhcp4.ParseOptions
	port, clientPort uint16
	segment          bool
	stdout, stderr   io.Writer
	notify           notifier
	status           string   // the address of the status page; empty: none
	hosts            []string // see hastatus.Options
	level            *slog.LevelVar
	log              *slog.Logger
}

// daemon is one server: its parts, and how they go on by another
// configuration.
type daemon[C config] struct {
	*settings
	family *family[C]

	store   *lease.Store
	ha      *failover // nil: there is none
	service service[C]
	sockets ctrl.Sockets

	applying sync.Mutex // one reload at a time
}

// load reads the configuration, and that of high availability in it, if any.
func (d *daemon[C]) load() (cfg C, cfgs []*ha.Config, err error) {
	opts := d.parse
	opts.Hook = func(h dhcp4.HookLibrary, warn func(dhcp4.ConfigProblem)) (err error) {
		if h.Name() == highAvailability {
			cfgs, err = ha.ParseConfigs(h.Parameters, &ha.ParseOptions{ThisServer: d.name, Warn: warn})
		}
		return err
	}
	cfg, err = d.family.load(d.file, &opts)
	return cfg, cfgs, err
}

// run serves until ctx ends, or the command shutdown ends it.
func (d *daemon[C]) run(ctx context.Context) error {
	cfg, cfgs, err := d.load()
	if err != nil {
		return err
	}
	d.level.Set(cfg.LogLevel())
	if d.store, err = d.openStore(ctx, cfg); err != nil {
		return err
	}
	defer d.store.Close()
	page, metrics := d.newStatusPage(cfgs != nil), d.newMetrics()
	var onCommit func(ha.CommitTiming)
	if d.status != "" {
		onCommit = metrics.ObserveCommit
	}
	if cfgs != nil {
		d.ha, err = newFailover(cfgs, d.store, ha.Options{
			Family:    d.family.version,
			Digest:    func() string { return d.service.Digest() },
			Unguarded: func(classes []string) []string { return d.service.Config().UnguardedPools(classes) },
			OnState:   page.StateChanged,
			OnCommit:  onCommit,
			Logger:    d.log,
		})
		if err != nil {
			return err
		}
	}
	if d.service, err = d.family.open(cfg, d.store, d.ha, d.settings); err != nil {
		return err
	}
	defer d.service.Close()
	if err := ha.CheckServerNames(cfgs, d.service.Subnets().Subnets()); err != nil {
		return err
	}

	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	mux := ctrl.NewMux()
	commands := commands{
		reload:   func(context.Context) error { return d.reload() },
		shutdown: func(status int) { end(exit(status)) },
	}
	if d.ha != nil {
		commands.status = func() map[string]any { return d.ha.service.Load().StatusGet() }
		d.ha.register(mux, d.service.NoSubnet)
	}
	d.service.register(mux, commands)
	if cfg.HasHook(leaseCommands) {
		d.service.RegisterLeases(mux)
	}
	d.sockets = ctrl.Sockets{Mux: mux, Logger: d.log}
	defer d.sockets.Close()
	if err := d.sockets.Open(cfg.Sockets()); err != nil {
		return err
	}

	var tasks sync.WaitGroup
	defer tasks.Wait()
	defer end(nil)
	if d.status != "" {
		listener, err := listenStatus(d.status, d.log)
		if err != nil {
			return err
		}
		d.service.observe(metrics.ObserveExchange)
		tasks.Go(func() { end(page.Run(ctx)) })
		tasks.Go(func() { serveStatus(ctx, listener, d.monitoring(metrics, page), d.log) })
	}
	if d.ha != nil {
		tasks.Go(func() { end(d.ha.run(ctx, mux, d.service.Subnets())) })
	}
	tasks.Go(func() { end(d.service.Run(ctx)) })
	tasks.Go(func() { end(d.service.serve(ctx)) })
	tasks.Go(func() { d.reloadAtHangup(ctx) })
	tasks.Go(func() { d.supervise(ctx, mux) })
	<-ctx.Done()
	if err := context.Cause(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// exit is the end of the program with a status and without more words, such as
// the command shutdown asks for.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit with status %d", int(e)) }

func (d *daemon[C]) reloadAtHangup(ctx context.Context) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	for {
		select {
		case <-hangup:
			d.notify.tell(reloading()...)
			status := d.report
			if err := d.reload(); err != nil {
				d.log.Error("not reloaded, the configuration in force stays", "error", err)
				status = func() string { return "STATUS=not reloaded: " + oneLine(err.Error()) }
			}
			d.notify.tell("READY=1", status())
		case <-ctx.Done():
			return
		}
	}
}

// reload reads the file again and goes by it. What it does not change, such as
// sockets, goes on undisturbed.
func (d *daemon[C]) reload() error {
	d.applying.Lock()
	defer d.applying.Unlock()
	cfg, cfgs, err := d.load()
	if err != nil {
		return err
	}
	before := d.service.Config()
	if before.LeaseFile() != cfg.LeaseFile() {
		return errors.New("lease-database.name cannot change while the server runs; restart it")
	}
	if d.family.lasting != nil {
		if err := d.family.lasting(before, cfg); err != nil {
			return err
		}
	}
	for _, library := range []string{leaseCommands, highAvailability} {
		if before.HasHook(library) != cfg.HasHook(library) {
			return fmt.Errorf("hooks-libraries: %s cannot come or go while the server runs; restart it", library)
		}
	}
	if err := d.service.Reload(cfg); err != nil {
		return err
	}
	if listen := d.family.interfaces(cfg); !slices.Equal(listen, d.family.interfaces(before)) {
		if err := d.service.setInterfaces(listen); err != nil {
			return err
		}
	}
	if d.ha != nil && d.ha.differs(cfgs) {
		d.ha.restart(cfgs)
	}
	d.level.Set(cfg.LogLevel())
	d.log.Info("reloaded", "configuration", d.file)
	return d.sockets.Open(cfg.Sockets())
}

// openStore opens the leases. The first time it takes over those of Kea.
func (d *daemon[C]) openStore(ctx context.Context, cfg C) (*lease.Store, error) {
	var imports lease.ImportOptions
	if db := d.family.database(cfg); db != nil && db.MaxRowErrors != nil {
		imports.MaxRowErrors = int(*db.MaxRowErrors)
	}
	store, result, err := lease.OpenMemfile(ctx, cfg.LeaseFile(), d.family.version == ctrl.V6, &lease.Options{Logger: d.log}, &imports)
	if result != nil {
		for _, row := range result.Errors {
			d.log.Warn("lease of Kea not taken over", "error", row)
		}
		d.log.Info("leases of Kea read", "files", result.Files, "rows", result.Rows, "bad", result.Bad)
	}
	if err == nil {
		assigned := 0
		for _, t := range d.family.types {
			assigned += store.Count(0, lease.Assigned, t)
		}
		d.log.Info("leases opened", "file", cfg.LeaseFile()+".db", "assigned", assigned)
	}
	return store, err
}
