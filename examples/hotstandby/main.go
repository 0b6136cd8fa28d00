// Command hotstandby is a DHCPv4 service that survives the loss of a machine,
// as short as it can be: to copy into an appliance.
//
// It runs on both machines with the same configuration file, such as
// kea-dhcp4.conf beside it, and finds out by the machine's addresses which of
// the two servers it is:
//
//	hotstandby -c kea-dhcp4.conf -db /var/lib/dhcp/leases.db
//
// Made for DHCPv6 it has dhcp6 in the place of dhcp4, no SocketType of the
// Server, and among ha.Options
//
//	Family: ctrl.V6,
//
// and goes by kea-dhcp6.conf.
package main

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/dhcp4"
	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/lease"
)

func main() {
	config := flag.String("c", "kea-dhcp4.conf", "Kea configuration `file`, the same on both machines")
	leases := flag.String("db", "leases.db", "`file` with the leases")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, *config, *leases, slog.Default()); err != nil {
		slog.Error("not serving", "error", err)
		os.Exit(1)
	}
}

// serve is one server of the pair until ctx ends.
func serve(ctx context.Context, config, leases string, log *slog.Logger) error {
	// What the servers are to each other stands in the configuration, among
	// the hook libraries, as for Kea.
	var relationships []*ha.Config
	cfg, err := dhcp4.LoadConfig(config, &dhcp4.ParseOptions{
		Hooks: []string{"libdhcp_ha", "libdhcp_lease_cmds"},
		Hook: func(h dhcp4.HookLibrary, warn func(dhcp4.ConfigProblem)) (err error) {
			if h.Name() == "libdhcp_ha" {
				relationships, err = ha.ParseConfigs(h.Parameters, &ha.ParseOptions{Warn: warn})
			}
			return err
		},
		Logger: log,
	})
	if err != nil {
		return err // all mistakes, each with its line
	}
	store, err := lease.Open(leases, &lease.Options{Logger: log})
	if err != nil {
		return err
	}
	defer store.Close()

	// The pair stands before the engine at two places: as its gate it says
	// which queries are this server's, as its committer when a lease is safe.
	var engine *dhcp4.Engine
	service := new(ctrl.Service) // the switch that both turn
	pair, err := ha.New(relationships, store, &ha.Options{
		Switch:    service,
		Digest:    func() string { return engine.Digest() },
		Unguarded: cfg.UnguardedPools,
		Logger:    log,
	})
	if err != nil {
		return err
	}
	engine, err = dhcp4.NewEngine(cfg, store, &dhcp4.EngineOptions{
		Gate:       pair,
		Committer:  pair,
		Background: pair.Background(),
		Reclaims:   pair.Reclaims,
		Service:    service,
		Logger:     log,
	})
	if err != nil {
		return err
	}
	defer engine.Close()

	// Commands, at the control sockets of the configuration: status-get tells
	// how the pair is.
	mux := ctrl.NewMux()
	pair.Register(mux)
	engine.Register(mux, &dhcp4.Commands{Status: pair.StatusGet})
	engine.RegisterLeases(mux)
	sockets := ctrl.Sockets{Mux: mux, Logger: log}
	defer sockets.Close()
	if err := sockets.Open(cfg.Sockets()); err != nil {
		return err
	}

	// All parts end when one does, or ctx.
	ctx, end := context.WithCancel(ctx)
	defer end()
	listen := cfg.InterfacesConfig
	server := &dhcp4.Server{Handler: engine, Interfaces: listen.Interfaces, SocketType: listen.SocketType(), Logger: log}
	var parts sync.WaitGroup
	var ended [3]error
	for i, run := range []func(context.Context) error{
		func(ctx context.Context) error { return pair.Run(ctx, mux, engine.Subnets()) },
		engine.Run, // reclaims what has expired
		server.Serve,
	} {
		parts.Go(func() { defer end(); ended[i] = run(ctx) })
	}
	parts.Wait()
	return errors.Join(ended[:]...)
}
