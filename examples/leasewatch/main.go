// Command leasewatch prints every lease that a pair of DHCPv4 servers gives
// out, renews or takes back, at the moment it does.
//
// To the servers, be they Kea's or this library's, it is one more backup
// server. Add it to the peers of both servers' configuration,
//
//	{ "name": "watch", "url": "http://192.0.2.9:8001/", "role": "backup" }
//
// and start it on the host with that address by the same configuration:
//
//	leasewatch -c kea-dhcp4.conf
//
// It keeps the leases in a temporary folder and forgets them when it ends.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/dhcp4"
	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/lease"
)

func main() {
	config := flag.String("c", "kea-dhcp4.conf", "Kea configuration `file` of the servers")
	name := flag.String("n", "", "`name` among the peers; otherwise it is the one with this host's address")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if err := watch(ctx, *config, *name, os.Stdout, log); err != nil {
		fmt.Fprintln(os.Stderr, "leasewatch:", err)
		os.Exit(1)
	}
}

// watch prints the changes to out until ctx ends.
func watch(ctx context.Context, config, name string, out io.Writer, log *slog.Logger) (err error) {
	var relationships []*ha.Config
	cfg, err := dhcp4.LoadConfig(config, &dhcp4.ParseOptions{
		AllowUnsupported: true, // it is not served by it
		Hook: func(h dhcp4.HookLibrary, _ func(dhcp4.ConfigProblem)) (err error) {
			if h.Name() == "libdhcp_ha" {
				relationships, err = ha.ParseConfigs(h.Parameters, &ha.ParseOptions{ThisServer: name})
			}
			return err
		},
	})
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "leasewatch-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	store, err := lease.Open(filepath.Join(dir, "leases.db"), nil)
	if err != nil {
		return err
	}
	defer store.Close()
	engine, err := dhcp4.NewEngine(cfg, store, nil) // serves nobody, but knows the subnets
	if err != nil {
		return err
	}
	defer engine.Close()

	updates := make(chan ha.LeaseUpdate, 1024)
	backup, err := ha.New(relationships, store, &ha.Options{
		Logger:   log,
		OnUpdate: func(u ha.LeaseUpdate) { updates <- u },
	})
	if err != nil {
		return err
	}
	mux := ctrl.NewMux()
	backup.Register(mux)
	ctx, end := context.WithCancelCause(ctx)
	go func() {
		end(backup.Run(ctx, mux, engine.Subnets()))
		close(updates)
	}()
	for u := range updates {
		fmt.Fprintln(out, line(u))
	}
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// line says in words what has happened to a lease.
func line(u ha.LeaseUpdate) string {
	l := u.Change.Lease
	what := fmt.Sprintf("%x until %s %s", l.HWAddr, l.Expires().Format(time.DateTime), l.Hostname)
	switch {
	case u.Change.Delete:
		what = "given back"
	case l.State != lease.Assigned:
		what = l.State.String()
	}
	return strings.TrimSpace(fmt.Sprintf("%s %-10s %-15s %s", u.Time.Format(time.TimeOnly), u.Peer, l.Addr, what))
}
