// Command failoverd serves DHCPv4 from a Kea configuration file.
//
//	failoverd -c kea-dhcp4.conf
//
// It ends at SIGTERM or an interrupt, after answering the queries in flight,
// and reads the file again at SIGHUP. Leases are kept beside the lease file
// that the configuration names, in a file with the ending .db; the first time,
// the leases of Kea's own file are taken over. Logs go to standard error.
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
	"syscall"

	"github.com/dhcpha/dhcpha/dhcp4"
)

// Kea's hook libraries whose work this program does.
const (
	leaseCommands = "libdhcp_lease_cmds"
	flexID        = "libdhcp_flex_id" // it is the engine's
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		os.Exit(2)
	}
	if status := exit(0); errors.As(err, &status) {
		os.Exit(int(status))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "failoverd:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stderr io.Writer) error {
	flags := flag.NewFlagSet("failoverd", flag.ContinueOnError)
	flags.SetOutput(stderr)
	file := flags.String("c", "", "serve the Kea configuration `file`")
	test := flags.String("t", "", "test the configuration `file` and exit")
	lenient := flags.Bool("allow-unsupported", false, "warn of what the configuration asks for and this server has not, instead of refusing it")
	port := flags.Uint("p", 0, "receive queries at this UDP `port` instead of 67")
	clientPort := flags.Uint("P", 0, "send all replies to this UDP `port`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 || (*file == "") == (*test == "") {
		flags.Usage()
		return fmt.Errorf("give one file, by -c to serve it or by -t to test it: %w", flag.ErrHelp)
	}
	if *port > 0xffff || *clientPort > 0xffff {
		return errors.New("a port is at most 65535")
	}

	level := new(slog.LevelVar)
	d := &daemon{
		file:       *file + *test,
		parse:      dhcp4.ParseOptions{AllowUnsupported: *lenient, Hooks: []string{leaseCommands, flexID}},
		port:       uint16(*port),
		clientPort: uint16(*clientPort),
		level:      level,
		log:        slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level})),
	}
	d.parse.Logger = d.log
	if *test != "" {
		_, err := d.load()
		return err
	}
	return d.run(ctx)
}
