package ha

import (
	"context"
	"errors"

	"github.com/dhcpha/dhcpha/lease"
)

// commitNewer commits those changes that win over the last change the store
// knows of the same lease, which may be its removal, and returns them. What a
// change says in If does not matter. It goes on deciding until nothing has
// changed between a decision and its commit.
func commitNewer(ctx context.Context, store *lease.Store, changes []lease.Change, wins func(change, here lease.Change) bool) ([]lease.Change, error) {
	for {
		won := winners(store, changes, wins)
		if len(won) == 0 {
			return nil, nil
		}
		if err := store.Commit(ctx, won...); !errors.Is(err, lease.ErrConflict) {
			return won, err
		}
	}
}

func winners(store *lease.Store, changes []lease.Change, wins func(change, here lease.Change) bool) []lease.Change {
	won := make([]lease.Change, 0, len(changes))
	place := make(map[lease.Key]int, len(changes)) // in won
	for _, c := range changes {
		key := c.Lease.Key()
		if i, ok := place[key]; ok {
			if wins(c, won[i]) {
				c.If = won[i].If
				won[i] = c
			}
			continue
		}
		here, known := store.Last(key)
		if known && !wins(c, here) {
			continue
		}
		c.If = guard(&here)
		if c.Delete && c.If == lease.Absent {
			continue // it is not there
		}
		place[key] = len(won)
		won = append(won, c)
	}
	return won
}
