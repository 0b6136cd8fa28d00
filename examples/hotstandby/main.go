// Command hotstandby is the shortest DHCPv4 service that survives the loss of
// a machine: to copy into an appliance.
//
// The same program with the same configuration runs on both machines; each
// finds out which of the two servers it is by its own addresses:
//
//	hotstandby -c kea-dhcp4.conf -db /var/lib/dhcp/leases.db
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

func serve(ctx context.Context, config, leases string, log *slog.Logger) error {
	// What the servers are to each other stands in the configuration, in
	// hooks-libraries, as for Kea.
	var relationships []*ha.Config
	cfg, err := dhcp4.LoadConfig(config, &dhcp4.ParseOptions{
		Hooks: []string{"libdhcp_ha"},
		Hook: func(h dhcp4.HookLibrary, _ func(dhcp4.ConfigProblem)) (err error) {
			relationships, err = ha.ParseConfigs(h.Parameters, nil)
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

	// The two seams: which queries are this server's, and when is a lease safe.
	service := new(ctrl.Service) // the switch both parts turn
	pair, err := ha.New(relationships, store, &ha.Options{Switch: service, Logger: log})
	if err != nil {
		return err
	}
	engine, err := dhcp4.NewEngine(cfg, store, &dhcp4.EngineOptions{
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

	// Commands, to be asked at the control sockets of the configuration:
	// status-get says how the pair does.
	mux := ctrl.NewMux()
	engine.Register(mux, &dhcp4.Commands{Status: pair.StatusGet})
	pair.Register(mux)
	sockets := ctrl.Sockets{Mux: mux, Logger: log}
	defer sockets.Close()
	if err := sockets.Open(cfg.Sockets()); err != nil {
		return err
	}

	// Everything ends when one part does, or ctx.
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	var parts sync.WaitGroup
	listen := cfg.InterfacesConfig
	server := &dhcp4.Server{Handler: engine, Interfaces: listen.Interfaces, SocketType: listen.SocketType(), Logger: log}
	for _, run := range []func(context.Context) error{
		server.Serve,
		engine.Run, // reclaims what has expired
		func(ctx context.Context) error { return pair.Run(ctx, mux, engine.Subnets()) },
	} {
		parts.Go(func() { end(run(ctx)) })
	}
	parts.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}
