package main

import (
	"context"
	"errors"
	"fmt"
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

// daemon is one server: its parts, and how they go on by another
// configuration.
type daemon struct {
	file             string
	name             string // which of the peers this server is; empty: see ha.ParseOptions
	parse            dhcp4.ParseOptions
	port, clientPort uint16
	level            *slog.LevelVar
	log              *slog.Logger

	store   *lease.Store
	ha      *failover // nil: there is none
	engine  *dhcp4.Engine
	server  *dhcp4.Server
	sockets ctrl.Sockets

	applying sync.Mutex // one reload at a time
}

// load reads the configuration, and that of high availability in it, if any.
func (d *daemon) load() (cfg *dhcp4.Config, cfgs []*ha.Config, err error) {
	opts := d.parse
	opts.Hook = func(h dhcp4.HookLibrary, warn func(dhcp4.ConfigProblem)) (err error) {
		if h.Name() == highAvailability {
			cfgs, err = ha.ParseConfigs(h.Parameters, &ha.ParseOptions{ThisServer: d.name, Warn: warn})
		}
		return err
	}
	cfg, err = dhcp4.LoadConfig(d.file, &opts)
	return cfg, cfgs, err
}

// run serves until ctx ends, or the command shutdown ends it.
func (d *daemon) run(ctx context.Context) error {
	cfg, cfgs, err := d.load()
	if err != nil {
		return err
	}
	d.level.Set(cfg.LogLevel())
	if d.store, err = d.openStore(ctx, cfg); err != nil {
		return err
	}
	defer d.store.Close()
	if cfgs != nil {
		if d.ha, err = newFailover(cfgs, d.store, d.log, func() *dhcp4.Engine { return d.engine }); err != nil {
			return err
		}
	}
	if d.engine, err = dhcp4.NewEngine(cfg, d.store, d.ha.options(d.log)); err != nil {
		return err
	}
	defer d.engine.Close()
	if err := ha.CheckServerNames(cfgs, d.engine.Subnets().Subnets()); err != nil {
		return err
	}
	d.server = &dhcp4.Server{
		Handler:    d.engine,
		Interfaces: cfg.InterfacesConfig.Interfaces,
		SocketType: cfg.InterfacesConfig.SocketType(),
		Port:       d.port,
		ClientPort: d.clientPort,
		Logger:     d.log,
	}

	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	mux := ctrl.NewMux()
	commands := &dhcp4.Commands{
		Server:   d.server,
		Reload:   func(context.Context) error { return d.reload() },
		Shutdown: func(status int) { end(exit(status)) },
	}
	if d.ha != nil {
		commands.Status = func() map[string]any { return d.ha.service.Load().StatusGet() }
		d.ha.register(mux)
	}
	d.engine.Register(mux, commands)
	if cfg.HasHook(leaseCommands) {
		d.engine.RegisterLeases(mux)
	}
	d.sockets = ctrl.Sockets{Mux: mux, Logger: d.log}
	defer d.sockets.Close()
	if err := d.sockets.Open(cfg.Sockets()); err != nil {
		return err
	}

	var tasks sync.WaitGroup
	defer tasks.Wait()
	defer end(nil)
	if d.ha != nil {
		tasks.Go(func() { end(d.ha.run(ctx, mux, d.engine.Subnets())) })
	}
	tasks.Go(func() { end(d.engine.Run(ctx)) })
	tasks.Go(func() { end(d.server.Serve(ctx)) })
	tasks.Go(func() { d.reloadAtHangup(ctx) })
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

func (d *daemon) reloadAtHangup(ctx context.Context) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	for {
		select {
		case <-hangup:
			if err := d.reload(); err != nil {
				d.log.Error("not reloaded, the configuration in force stays", "error", err)
			}
		case <-ctx.Done():
			return
		}
	}
}

// reload reads the file again and goes by it. What it does not change, such as
// sockets, goes on undisturbed.
func (d *daemon) reload() error {
	d.applying.Lock()
	defer d.applying.Unlock()
	cfg, cfgs, err := d.load()
	if err != nil {
		return err
	}
	before := d.engine.Config()
	switch {
	case before.LeaseFile() != cfg.LeaseFile():
		return errors.New("lease-database.name cannot change while the server runs; restart it")
	case before.InterfacesConfig.SocketType() != cfg.InterfacesConfig.SocketType():
		return errors.New("interfaces-config.dhcp-socket-type cannot change while the server runs; restart it")
	}
	for _, library := range []string{leaseCommands, highAvailability} {
		if before.HasHook(library) != cfg.HasHook(library) {
			return fmt.Errorf("hooks-libraries: %s cannot come or go while the server runs; restart it", library)
		}
	}
	if err := d.engine.Reload(cfg); err != nil {
		return err
	}
	if listen := cfg.InterfacesConfig.Interfaces; !slices.Equal(listen, before.InterfacesConfig.Interfaces) {
		if err := d.server.SetInterfaces(listen); err != nil {
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
func (d *daemon) openStore(ctx context.Context, cfg *dhcp4.Config) (*lease.Store, error) {
	var imports lease.ImportOptions
	if db := cfg.LeaseDatabase; db != nil && db.MaxRowErrors != nil {
		imports.MaxRowErrors = int(*db.MaxRowErrors)
	}
	store, result, err := lease.OpenMemfile(ctx, cfg.LeaseFile(), false, &lease.Options{Logger: d.log}, &imports)
	if result != nil {
		for _, row := range result.Errors {
			d.log.Warn("lease of Kea not taken over", "error", row)
		}
		d.log.Info("leases of Kea read", "files", result.Files, "rows", result.Rows, "bad", result.Bad)
	}
	if err == nil {
		d.log.Info("leases opened", "file", cfg.LeaseFile()+".db", "assigned", store.Count(0, lease.Assigned, lease.V4))
	}
	return store, err
}
