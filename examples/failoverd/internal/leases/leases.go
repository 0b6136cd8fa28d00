// Package leases is the command "failoverd leases": it lists, exports, imports
// and compares leases, of files and of servers that run, be these of this kind
// or Kea.
package leases

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

const usageText = `Usage of failoverd leases:
  failoverd leases list [-json] SOURCE [WORD...]    show leases; with words only those in which each of them occurs
  failoverd leases export [-json] [-o FILE] SOURCE  write all leases as a lease file of Kea, or as JSON
  failoverd leases import [-replace] SOURCE FILE    put leases into the lease file (.db) of a server that does not run
  failoverd leases compare [-json] [-all] A B       say in which leases two sources differ

A SOURCE is one of
  kea-leases4.csv.db         the lease file of a failoverd that does not run
  kea-leases4.csv            a lease file of Kea, with what Kea's cleanup has left beside it
  leases.json                what export -json has written, or an answer to lease4-get-all
  /run/kea/kea4-ctrl-socket  the control socket of a server that runs: failoverd or Kea
  http://192.0.2.2:8000/     its url in high availability, a control socket for HTTP, or Kea's control agent
  kea-dhcp4.conf             a configuration: its control socket if a server answers there, else its lease file

A WORD is part of an address, hardware address, client identifier, DUID, hostname
or state, such as 192.0.2., 02:00:5e or declined; subnet=1 is a subnet's number.

A server must have the lease commands (libdhcp_lease_cmds). A user for HTTP is
written into the url, http://user@192.0.2.2:8000/, its password into a file that
-password-file names.

A lease file is locked while its server runs; ask the server then. What compare
finds different it looks up again before it says so, since servers that run go
on. Leases that nobody holds any more are only counted, unless -all is given.

The status is 0, or 1 if something went wrong; of compare it is 0 for alike, 1
for different, and 2 if something went wrong.

`

// The status of the program.
const (
	success   = 0
	different = 1 // of compare only
	failure   = 1
	misuse    = 2
	trouble   = 2 // what failure is to compare
)

// command is one run of the program.
type command struct {
	stdout, stderr io.Writer
	flags          *flag.FlagSet
	access         access
	now            func() time.Time
}

// Run does what the arguments behind "failoverd leases" say and returns the
// status of the program.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer) (status int) {
	c := &command{stdout: stdout, stderr: stderr, flags: flag.NewFlagSet("failoverd leases", flag.ContinueOnError), now: time.Now}
	c.flags.SetOutput(stderr)
	c.flags.Usage = func() { fmt.Fprint(stderr, usageText); c.flags.PrintDefaults() }
	if len(args) == 0 {
		c.flags.Usage()
		return misuse
	}
	verbs := map[string]func(context.Context, []string) (int, error){
		"list": c.list, "export": c.export, "import": c.imports, "compare": c.compare,
	}
	verb, known := verbs[args[0]]
	if !known {
		help := args[0] == "-h" || args[0] == "-help" || args[0] == "--help" || args[0] == "help"
		if !help {
			fmt.Fprintf(stderr, "failoverd leases: there is no command %q\n", args[0])
		}
		c.flags.Usage()
		if help {
			return success
		}
		return misuse
	}
	c.access.declare(c.flags)
	status, err := verb(ctx, args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		return success
	case errors.Is(err, errUsage):
		return misuse
	case err != nil:
		fmt.Fprintf(stderr, "failoverd leases %s: %v\n", args[0], err)
	}
	return status
}

// errUsage is the error for arguments that are wrong; it has been said how.
var errUsage = errors.New("wrong arguments")

// parse reads the flags of a command, which may stand before and behind its
// other arguments, of which there must be at least least and at most most.
func (c *command) parse(args []string, least, most int) (rest []string, err error) {
	for {
		if err := c.flags.Parse(args); errors.Is(err, flag.ErrHelp) {
			return nil, err
		} else if err != nil {
			return nil, errUsage
		}
		if args = c.flags.Args(); len(args) == 0 {
			break
		}
		rest, args = append(rest, args[0]), args[1:]
	}
	switch family := c.access.family; {
	case len(rest) < least || len(rest) > most:
		c.warnf("%d sources or files are given", len(rest))
	case family != 0 && family != 4 && family != 6:
		c.warnf("-family is 4 or 6, not %d", family)
	default:
		return rest, nil
	}
	c.flags.Usage()
	return nil, errUsage
}

// warnf tells the user of something that is no error.
func (c *command) warnf(format string, args ...any) {
	fmt.Fprintf(c.stderr, "failoverd leases: "+format+"\n", args...)
}

// output calls write with what is to take a command's output: a file, which
// takes the place of one of that name once it is whole, or standard output.
func (c *command) output(file string, write func(io.Writer) error) error {
	if file == "" {
		return write(c.stdout)
	}
	partial := file + ".partial"
	f, err := os.OpenFile(partial, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(partial))
	}
	return os.Rename(partial, file)
}
