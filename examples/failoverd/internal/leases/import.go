package leases

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/dhcpha/dhcpha/lease"
)

// importBatch is how many leases are committed together.
const importBatch = 1 << 14

// imports puts the leases of a source into the file of a server that does not
// run.
func (c *command) imports(ctx context.Context, args []string) (int, error) {
	replace := c.flags.Bool("replace", false, "let the leases of the source count even where the file has later ones")
	args, err := c.parse(args, 2, 2)
	if err != nil {
		return failure, err
	}
	from, err := c.read(ctx, args[0])
	if err != nil {
		return failure, err
	}
	if err := suitable(args[1]); err != nil {
		return failure, err
	}
	store, err := lease.Open(args[1], nil)
	if errors.Is(err, lease.ErrLocked) {
		return failure, fmt.Errorf("%w: stop the server that runs on it first", err)
	}
	if err != nil {
		return failure, err
	}
	result, err := importInto(ctx, store, from, *replace)
	if err = errors.Join(err, store.Close()); err != nil {
		return failure, err
	}
	fmt.Fprintf(c.stdout, "%s imported into %s; %d were there already", count(result.taken, "lease"), args[1], result.same)
	if result.later > 0 {
		fmt.Fprintf(c.stdout, "; %d stay as they are, since they are later there (see -replace)", result.later)
	}
	fmt.Fprintln(c.stdout)
	return success, nil
}

// suitable says whether leases may be imported into a file: one that failoverd
// has written, or none.
func suitable(file string) error {
	if _, err := os.Stat(file); err != nil {
		return nil // it is made, or lease.Open says why not
	}
	start, err := beginning(file)
	if err == nil && isText(start) {
		err = fmt.Errorf("%s is not the lease file of a failoverd, whose name ends in .db", file)
	}
	return err
}

// imported is what has become of leases.
type imported struct{ taken, same, later int }

// importInto makes the leases of a source those of a store. Of two leases of one
// address the later counts.
func importInto(ctx context.Context, store *lease.Store, from *source, replace bool) (result imported, err error) {
	for l := range store.All() {
		if is := familyOf(leaseMap{l.Key(): l}); from.family != 0 && is != from.family {
			return result, fmt.Errorf("the file has leases of %v, and %s those of %v", is, from.name, from.family)
		}
		break
	}
	var changes []lease.Change
	commit := func() error {
		err := store.Commit(ctx, changes...)
		changes = changes[:0]
		return err
	}
	for _, l := range from.leases.sorted() {
		l.Revision = 0
		have, there := store.Lookup(l.Key())
		switch {
		case there && len(differences(&have, &l)) == 0:
			result.same++
			continue
		case there && have.CLTT > l.CLTT && !replace:
			result.later++
			continue
		}
		result.taken++
		if changes = append(changes, lease.Change{Lease: l}); len(changes) == importBatch {
			if err := commit(); err != nil {
				return result, err
			}
		}
	}
	return result, commit()
}
