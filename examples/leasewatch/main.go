// Command leasewatch prints every lease that a pair of DHCPv4 servers gives
// out, renews or takes back, at the moment it does.
//
// To the servers, be they Kea's or this library's, it is one more backup
// server. Add it to the peers in the configuration of both,
//
//	{ "name": "watch", "url": "http://192.0.2.9:8001/", "role": "backup" }
//
// and start it, on the host with that address, with the configuration of
// either:
//
//	leasewatch -c kea-dhcp4.conf
//
// It keeps leases in a temporary folder and forgets them when it ends. A server
// of this library tells it first of all leases that there are, a Kea of those
// that change from then on.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/dhcpha/dhcpha/dhcp4"
	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/lease"
)

func main() {
	config := flag.String("c", "kea-dhcp4.conf", "Kea configuration `file` of one of the servers")
	name := flag.String("n", "watch", "its own `name` among the peers")
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
		AllowUnsupported: true, // it is others who serve by it
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
	engine, err := dhcp4.NewEngine(cfg, store, nil) // it serves nobody, but knows the subnets
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
	var failed error
	go func() {
		failed = backup.Run(ctx, nil, engine.Subnets())
		close(updates)
	}()
	known := make(leases)
	for u := range updates {
		l := &u.Change.Lease
		fmt.Fprintf(out, "%s  %-15s  %s\n", u.Time.Format(time.TimeOnly), l.Addr, known.take(l, u.Change.Delete))
	}
	return failed
}

// leases are the clients that have an address.
type leases map[lease.Key]net.HardwareAddr

// take says what has happened to a lease, and keeps it in mind.
func (known leases) take(l *lease.Lease, removed bool) string {
	before, client := known[l.Key()], net.HardwareAddr(l.HWAddr)
	delete(known, l.Key())
	switch {
	case removed:
		return "removed"
	case l.State != lease.Assigned:
		return l.State.String()
	case l.ValidLft == 0:
		return fmt.Sprintf("released by %s", client)
	}
	known[l.Key()] = client
	what := "new for"
	if bytes.Equal(before, client) {
		what = "renewed by"
	}
	text := fmt.Sprintf("%s %s until %s", what, client, l.Expires().Format(time.DateTime))
	if l.Hostname != "" {
		text += ", host " + l.Hostname
	}
	return text
}
