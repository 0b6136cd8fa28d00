package leases

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/dhcpha/dhcpha/lease"
)

// looks is how often leases that differ are looked at before that is said.
const looks = 3

// compare says in which leases two sources differ.
func (c *command) compare(ctx context.Context, args []string) (int, error) {
	asJSON := c.flags.Bool("json", false, "write JSON")
	all := c.flags.Bool("all", false, "count leases that nobody holds any more like others")
	tolerance := c.flags.Duration("tolerance", 0, "how far apart the ends of a lease may be: for servers whose clocks are")
	pause := c.flags.Duration("pause", time.Second, "how long servers that run are given before what differs is looked up again")
	args, err := c.parse(args, 2, 2)
	if err != nil {
		return trouble, err
	}
	a, err := c.read(ctx, args[0])
	if err != nil {
		return trouble, err
	}
	b, err := c.read(ctx, args[1])
	if err != nil {
		return trouble, err
	}
	if a.family != 0 && b.family != 0 && a.family != b.family {
		return trouble, fmt.Errorf("%s has leases of %v, and %s those of %v", a.name, a.family, b.name, b.family)
	}
	result := comparison{a: a, b: b, all: *all}
	look := func() []difference { return compareLeases(a.leases, b.leases, c.now(), *tolerance) }
	result.differences = look()
	for again := 1; again < looks && len(result.differences) > 0 && (a.again != nil || b.again != nil); again++ {
		if err := wait(ctx, *pause); err != nil {
			return trouble, err
		}
		keys := keysOf(result.differences)
		for _, s := range []*source{a, b} {
			if err := s.refresh(ctx, keys); err != nil {
				return trouble, err
			}
		}
		result.differences = look()
	}
	write := result.writeText
	if *asJSON {
		write = result.writeJSON
	}
	switch err := write(c.stdout); {
	case err != nil:
		return trouble, err
	case result.alike():
		return success, nil
	}
	return different, nil
}

// wait waits for as long as a server that runs may need to come to be like its
// partner.
func wait(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func keysOf(differences []difference) []lease.Key {
	keys := make([]lease.Key, len(differences))
	for i, d := range differences {
		keys[i] = d.key
	}
	return keys
}

// refresh reads some leases anew, if that can have changed them.
func (s *source) refresh(ctx context.Context, keys []lease.Key) error {
	if s.again == nil {
		return nil
	}
	now, err := s.again(ctx, keys)
	if err != nil {
		return err
	}
	for _, k := range keys {
		delete(s.leases, k)
		if l, ok := now[k]; ok {
			s.leases[k] = l
		}
	}
	return nil
}

// comparison is what has come out.
type comparison struct {
	a, b        *source
	differences []difference
	all         bool // leases that nobody holds count, too
}

// counts says whether a difference is one that the user is told of.
func (r *comparison) counts(d *difference) bool { return r.all || !d.ended }

// alike says whether there is no difference that counts.
func (r *comparison) alike() bool {
	onlyA, onlyB, both, _ := r.sum()
	return onlyA+onlyB+both == 0
}

// sum counts the differences, and apart from them those that do not count.
func (r *comparison) sum() (onlyA, onlyB, both, ended int) {
	for i := range r.differences {
		switch d := &r.differences[i]; {
		case !r.counts(d):
			ended++
		case d.b == nil:
			onlyA++
		case d.a == nil:
			onlyB++
		default:
			both++
		}
	}
	return onlyA, onlyB, both, ended
}

// shift is by how much all leases that differ end later in B, if that is all
// that differs: the clocks of the servers do.
func (r *comparison) shift() (by time.Duration, ok bool) {
	shifts := map[time.Duration]bool{}
	for i := range r.differences {
		d := &r.differences[i]
		switch {
		case !r.counts(d):
			continue
		case len(d.fields) != 1 || d.fields[0].name != expires:
			return 0, false
		}
		by, ok := later(d.a, d.b)
		if !ok {
			return 0, false
		}
		shifts[by] = true
	}
	for by := range maps.Keys(shifts) {
		return by, len(shifts) == 1
	}
	return 0, false
}
