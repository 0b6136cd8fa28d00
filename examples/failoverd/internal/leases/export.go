package leases

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// export writes all leases of a source in a form that other programs read.
func (c *command) export(ctx context.Context, args []string) (int, error) {
	asJSON := c.flags.Bool("json", false, "write JSON, as in answers to lease4-get-all and lease6-get-all")
	file := c.flags.String("o", "", "write to `file`, which appears when it is whole")
	args, err := c.parse(args, 1, 1)
	if err != nil {
		return failure, err
	}
	s, err := c.read(ctx, args[0])
	if err != nil {
		return failure, err
	}
	leases := s.leases.sorted()
	if *asJSON {
		err = c.output(*file, func(w io.Writer) error { return writeJSON(w, leases) })
	} else {
		err = c.output(*file, func(w io.Writer) error { return c.writeMemfile(w, leases, s.family) })
	}
	if err != nil {
		return failure, err
	}
	if *file != "" {
		c.warnf("%s written to %s", count(len(leases), "lease"), *file)
	}
	return success, nil
}

// writeMemfile writes leases as a lease file of Kea. Those that have no place
// in one are named.
func (c *command) writeMemfile(w io.Writer, leases []lease.Lease, family ctrl.Family) error {
	if family == 0 {
		return errors.New("there are no leases that tell the family: say which by -family")
	}
	m := lease.NewMemfileWriter(w, family == ctrl.V6)
	for _, l := range leases {
		if l.ValidLft == 0 {
			c.warnf("left out: %s, whose lifetime is 0: it would be read as a removal", leased(&l))
			continue
		}
		if err := m.Write(l); err != nil {
			c.warnf("left out: %v", err)
		}
	}
	return m.Flush()
}

// writeJSON writes leases as the arguments of an answer to lease4-get-all, one
// a line.
func writeJSON(w io.Writer, leases []lease.Lease) error {
	out := bufio.NewWriter(w)
	fmt.Fprint(out, `{"leases": [`)
	end := "\n"
	for i := range leases {
		text, err := leases[i].AppendJSON(nil)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s%s", end, text)
		end = ",\n"
	}
	fmt.Fprintln(out, "\n]}")
	return out.Flush()
}
