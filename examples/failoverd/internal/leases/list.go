package leases

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dhcpha/dhcpha/lease"
)

// list shows the leases of a source in a table, or those that are searched for.
func (c *command) list(ctx context.Context, args []string) (int, error) {
	asJSON := c.flags.Bool("json", false, "write JSON, with all that is known of each lease")
	args, err := c.parse(args, 1, 100)
	if err != nil {
		return failure, err
	}
	s, err := c.read(ctx, args[0])
	if err != nil {
		return failure, err
	}
	found := slices.DeleteFunc(s.leases.sorted(), func(l lease.Lease) bool { return !matches(&l, args[1:]) })
	if *asJSON {
		return success, writeJSON(c.stdout, found)
	}
	return success, writeTable(c.stdout, found, len(s.leases), c.now())
}

// matches says whether each of the words occurs in what tells whose a lease is.
// subnet=1 stands for all leases of that subnet.
func matches(l *lease.Lease, words []string) bool {
	parts := []string{leased(l), l.State.String(), hex(l.HWAddr), hex(l.ClientID), l.Hostname}
	text := strings.ToLower(strings.Join(parts, "\n"))
	return !slices.ContainsFunc(words, func(word string) bool {
		if id, ok := strings.CutPrefix(word, "subnet="); ok {
			return id != strconv.FormatUint(uint64(l.SubnetID), 10)
		}
		return !strings.Contains(text, strings.ToLower(word))
	})
}

// writeTable writes leases for a person. of is how many there are besides.
func writeTable(w io.Writer, leases []lease.Lease, of int, now time.Time) error {
	out := bufio.NewWriter(w)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if len(leases) > 0 {
		fmt.Fprintf(table, "ADDRESS\tSTATE\tUNTIL\tHW-ADDRESS\t%s\tSUBNET\tHOSTNAME\n", idName(&leases[0]))
	}
	for i := range leases {
		l := &leases[i]
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%d\t%s\n", leased(l), state(l, now), until(l),
			cmp.Or(hex(l.HWAddr), "-"), cmp.Or(hex(l.ClientID), "-"), l.SubnetID, printable(l.Hostname))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if len(leases) == of {
		fmt.Fprintf(out, "%s\n", count(of, "lease"))
	} else {
		fmt.Fprintf(out, "%d of %s\n", len(leases), count(of, "lease"))
	}
	return out.Flush()
}

func idName(l *lease.Lease) string {
	if l.Type == lease.V4 {
		return "CLIENT-ID"
	}
	return "DUID"
}
