// Command shortest is one of two DHCPv4 servers that stand in for each other, in
// 19 lines, as the README shows it. It runs on both machines, in a folder with
// the same kea-dhcp4.conf (hotstandby has one to start from), and finds out by
// the machine's addresses which of the two servers it is. It may be killed at
// any moment: whatever a client was told is on the disks.
//
// What it leaves out has hotstandby: control sockets, and an end in good order.
package main

import (
	"context"
	"log"
	"log/slog"

	"github.com/dhcpha/dhcpha/dhcp4"
	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/lease"
)

func main() {
	ctx, logger := context.Background(), slog.Default()
	var peers []*ha.Config
	cfg := must(dhcp4.LoadConfig("kea-dhcp4.conf", &dhcp4.ParseOptions{
		Hooks: []string{"libdhcp_ha"}, // has the peers, as for Kea
		Hook: func(h dhcp4.HookLibrary, warn func(dhcp4.ConfigProblem)) (err error) {
			peers, err = ha.ParseConfigs(h.Parameters, &ha.ParseOptions{Warn: warn})
			return err
		},
	}))
	store := must(lease.Open("leases.db", nil))
	pair := must(ha.New(peers, store, &ha.Options{Unguarded: cfg.UnguardedPools, Logger: logger}))
	engine := must(dhcp4.NewEngine(cfg, store, &dhcp4.EngineOptions{
		Gate: pair, Committer: pair, Background: pair.Background(), Reclaims: pair.Reclaims, Logger: logger,
	}))
	listen := cfg.InterfacesConfig
	server := &dhcp4.Server{Handler: engine, Interfaces: listen.Interfaces, SocketType: listen.SocketType(), Logger: logger}
	go engine.Run(ctx) // reclaims what has expired
	go func() { log.Fatal(pair.Run(ctx, nil, engine.Subnets())) }()
	log.Fatal(server.Serve(ctx))
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
