// Command failoverd serves DHCPv4 or DHCPv6 from a Kea configuration file.
//
//	failoverd -c kea-dhcp4.conf
//	failoverd -c kea-dhcp6.conf
//
// A file with a Dhcp6 object makes it a DHCPv6 server. Who serves both families
// runs two.
//
// It ends at SIGTERM or an interrupt, after answering the queries in flight,
// and reads the file again at SIGHUP. With Kea's hook library for high
// availability in the file it is one of a pair, with another failoverd or a
// Kea, or of more: the library's parameters say so. How things are is told in
// words by a command that Kea has not, ha-status on the control socket:
//
//	echo '{"command": "ha-status"}' | socat -,ignoreeof unix:/run/kea/kea4-ctrl-socket | jq -r .text
//
// Started by systemd it says when it is ready, how it is and that it lives; see
// failoverd@.service.
//
// Leases are kept beside the lease file that the configuration names, in a file
// with the ending .db. The first time, the leases of Kea's own file are taken
// over and, of DHCPv6, the server's DUID that Kea has beside it. Logs go to
// standard error.
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

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/dhcp4"
	"github.com/dhcpha/dhcpha/examples/failoverd/internal/leases"
)

// Kea's hook libraries whose work this program does.
const (
	leaseCommands    = "libdhcp_lease_cmds"
	highAvailability = "libdhcp_ha"
	flexID           = "libdhcp_flex_id"   // it is the engine's
	statCommands     = "libdhcp_stat_cmds" // likewise
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	var status exit
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.As(err, &status):
		os.Exit(int(status))
	default:
		fmt.Fprintln(os.Stderr, "failoverd:", err)
		os.Exit(1)
	}
}

const usageText = `Usage of failoverd:
  failoverd -c file   serve DHCPv4 or DHCPv6 as a Kea configuration file says
  failoverd -t file   only test the file: tell all mistakes in it, or else what a
                      server would do by it, and which of the peers it is
  failoverd leases    list, export, import or compare leases, see failoverd leases -h
  failoverd -version  say which build this is

It reads the file again at SIGHUP, and ends at SIGTERM. Leases are kept beside
the lease file that the configuration names, in a file with the ending .db. The
control socket takes Kea's commands, and with high availability ha-status too,
which tells in words how things are.

`

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) > 0 && args[0] == "leases" {
		if status := leases.Run(ctx, args[1:], stdout, stderr); status != 0 {
			return exit(status)
		}
		return nil
	}
	flags := flag.NewFlagSet("failoverd", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() { fmt.Fprint(stderr, usageText); flags.PrintDefaults() }
	file := flags.String("c", "", "serve the Kea configuration `file`")
	test := flags.String("t", "", "test the configuration `file` and exit")
	lenient := flags.Bool("allow-unsupported", false, "warn of what the configuration asks for and this server has not, instead of refusing it")
	build := flags.Bool("version", false, "say which build this is and exit")
	name := flags.String("n", "", "be this `peer` of the servers in high-availability, whatever this-server-name says")
	port := flags.Uint("p", 0, "receive queries at this UDP `port` instead of 67 or, of DHCPv6, 547")
	clientPort := flags.Uint("P", 0, "send all replies to this UDP `port`")
	status := flags.String("status", "", "show how things are by HTTP at this `address`, such as 127.0.0.1:8067, with /metrics for Prometheus, /healthz and /readyz; there is no login")
	hosts := flags.String("status-hosts", "", "answer for the page also by these `names`, with commas between them: those of a server in front of it that asks for a login; and by no others but addresses and localhost")
	segment := flags.Bool("segment", false, "let replies to one relay agent leave as one packet that the system divides, which saves processor time under load; not for a dhcrelay on a virtual link of this machine")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return err
	} else if err != nil {
		return exit(2) // it has been said what is wrong
	}
	if *build {
		fmt.Fprintln(stdout, version())
		return nil
	}
	if flags.NArg() > 0 || (*file == "") == (*test == "") {
		fmt.Fprintln(stderr, "give one file, by -c to serve it or by -t to test it")
		flags.Usage()
		return exit(2)
	}
	if *port > 0xffff || *clientPort > 0xffff {
		return errors.New("a port is at most 65535")
	}
	names, err := hostNames(*hosts)
	if err != nil {
		return err
	}
	if names != nil && *status == "" {
		return errors.New("-status-hosts is for the page that -status shows")
	}

	level := new(slog.LevelVar)
	s := &settings{
		file:       *file + *test,
		parse:      dhcp4.ParseOptions{AllowUnsupported: *lenient, Hooks: []string{leaseCommands, highAvailability, flexID, statCommands}},
		name:       *name,
		port:       uint16(*port),
		clientPort: uint16(*clientPort),
		segment:    *segment,
		stdout:     stdout,
		status:     *status,
		hosts:      names,
		stderr:     stderr,
		notify:     newNotifier(os.Getenv),
		level:      level,
		log:        slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level})),
	}
	s.parse.Logger = s.log
	version, err := ctrl.ConfigFamily(s.file)
	switch {
	case err != nil && *test != "":
		return s.tellMistakes(err, 0)
	case err != nil:
		return err
	case version == ctrl.V6:
		return start(ctx, dhcpV6(), s, *test != "")
	default:
		return start(ctx, dhcpV4(), s, *test != "")
	}
}

// start serves a family of DHCP, or only tests the file.
func start[C config](ctx context.Context, f *family[C], s *settings, test bool) error {
	d := &daemon[C]{settings: s, family: f}
	if test {
		return d.check()
	}
	return d.run(ctx)
}
