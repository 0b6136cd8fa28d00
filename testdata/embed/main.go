// Command embed has a DHCPv4 server in it.
//
//	embed kea-dhcp4.conf leases.db
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"os/signal"
	"sync"

	"github.com/dhcpha/dhcpha/dhcp4"
	"github.com/dhcpha/dhcpha/lease"
)

func main() {
	port := flag.Uint("port", 67, "UDP `port` to serve")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := serve(ctx, flag.Arg(0), flag.Arg(1), uint16(*port)); err != nil {
		log.Fatal(err)
	}
}

// serve answers queries until ctx ends.
func serve(ctx context.Context, config, leases string, port uint16) error {
	cfg, err := dhcp4.LoadConfig(config, nil)
	if err != nil {
		return err
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
	server := &dhcp4.Server{Handler: engine, Interfaces: listen.Interfaces, SocketType: listen.SocketType(), Port: port}
	return server.Serve(ctx)
}
