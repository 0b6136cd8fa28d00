package dhcpha_test

import (
	"context"
	"log"
	"os"
	"os/signal"
	"sync"

	"github.com/dhcpha/dhcpha/dhcp4"
	"github.com/dhcpha/dhcpha/lease"
)

func Example() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := serve(ctx, "kea-dhcp4.conf", "leases.db"); err != nil {
		log.Fatal(err)
	}
}

func serve(ctx context.Context, config, leases string) error {
	cfg, err := dhcp4.LoadConfig(config, nil)
	if err != nil {
		return err // all mistakes, each with its line
	}
	store, err := lease.Open(leases, nil)
	if err != nil {
		return err
	}
	defer store.Close()
	engine, err := dhcp4.NewEngine(cfg, store, nil)
	if err != nil {
		return err
	}
	defer engine.Close()

	ctx, cancel := context.WithCancel(ctx)
	var tasks sync.WaitGroup
	defer tasks.Wait()
	defer cancel()
	tasks.Go(func() { engine.Run(ctx) }) // reclaims what has expired

	listen := cfg.InterfacesConfig
	server := &dhcp4.Server{Handler: engine, Interfaces: listen.Interfaces, SocketType: listen.SocketType()}
	return server.Serve(ctx)
}
