package ctrl

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/dhcpha/dhcpha/lease"
)

// bulkOutcome are the arguments of the answer to lease6-bulk-apply: what
// could not be done.
type bulkOutcome struct {
	Deleted []bulkFailure `json:"failed-deleted-leases,omitempty"`
	Updated []bulkFailure `json:"failed-leases,omitempty"`
}

type bulkFailure struct {
	DUID    string `json:"duid,omitempty"` // of a lease without address
	Message string `json:"error-message"`
	Addr    string `json:"ip-address,omitempty"`
	Result  int    `json:"result"`
	Type    string `json:"type"`
}

func newBulkFailure(w which, err error) bulkFailure {
	r := failure(err)
	f := bulkFailure{Message: r.Text, Result: r.Result, Type: "IA_NA"}
	if w.typ == lease.PD {
		f.Type = "IA_PD"
	}
	if w.addr.IsValid() {
		f.Addr = w.addr.String()
	} else {
		f.DUID = hex.EncodeToString(w.id)
	}
	return f
}

// bulkApply deletes leases, then adds or updates others. Unless all arguments
// are right nothing is done; of what is done, each succeeds or fails by
// itself.
func (c *leaseCommands) bulkApply(ctx context.Context, raw json.RawMessage) (Response, error) {
	deleted, updated, err := c.parseBulk(raw)
	if err != nil {
		// Error also for what other commands call a conflict.
		return Errorf("%s", failure(err).Text), nil
	}
	var outcome bulkOutcome
	done := len(deleted) + len(updated)
	if !c.bulkAtOnce(ctx, deleted, updated) {
		for _, w := range deleted {
			if err := c.deleteWhich(ctx, w); err != nil {
				outcome.Deleted = append(outcome.Deleted, newBulkFailure(w, err))
			}
		}
		for _, l := range updated {
			if _, err := c.replace(ctx, l, true); err != nil {
				w := which{typ: l.Type, addr: l.Addr}
				outcome.Updated = append(outcome.Updated, newBulkFailure(w, err))
			}
		}
		done -= len(outcome.Deleted) + len(outcome.Updated)
	}
	r := Response{Text: fmt.Sprintf("Bulk apply of %d %s leases completed.", done, c.family)}
	if done == 0 {
		r.Result = Empty
	}
	if outcome.Deleted != nil || outcome.Updated != nil {
		r.Arguments = outcome
	}
	return r, nil
}

func (c *leaseCommands) parseBulk(raw json.RawMessage) (deleted []which, updated []*lease.Lease, err error) {
	args, ok := parseArguments(raw)
	if !ok {
		return nil, nil, failf("Command arguments missing or a not a map.")
	}
	if !args.has("deleted-leases") && !args.has("leases") {
		return nil, nil, failf("neither 'deleted-leases' nor 'leases' parameter specified")
	}
	deletions, err := args.list("deleted-leases")
	if err != nil {
		return nil, nil, err
	}
	updates, err := args.list("leases")
	if err != nil {
		return nil, nil, err
	}
	for _, raw := range deletions {
		w, err := c.parseWhich(raw)
		if err != nil {
			return nil, nil, err
		}
		if _, err := c.look(w); err != nil {
			return nil, nil, err // it does not say which lease
		}
		deleted = append(deleted, w)
	}
	for _, raw := range updates {
		l, _, err := c.parseUpdate(raw)
		if err != nil {
			return nil, nil, err
		}
		updated = append(updated, l)
	}
	return deleted, updated, nil
}

// bulkAtOnce does all in one commit, which is what is usual and cheap. It says
// false if nothing was done because that is not possible.
func (c *leaseCommands) bulkAtOnce(ctx context.Context, deleted []which, updated []*lease.Lease) bool {
	var changes []lease.Change
	gone := make(map[lease.Key]bool)
	for _, w := range deleted {
		l, _ := c.look(w)
		if l == nil || gone[l.Key()] {
			return false
		}
		gone[l.Key()] = true
		changes = append(changes, lease.Removal(*l))
	}
	for _, l := range updated {
		change := lease.Change{Lease: *l, If: lease.Absent}
		if old, ok := c.store.Lookup(l.Key()); ok {
			change.If = old.Revision
		}
		changes = append(changes, change)
	}
	return len(changes) > 0 && c.committer.Commit(ctx, changes...) == nil
}

func (c *leaseCommands) deleteWhich(ctx context.Context, w which) error {
	l, err := c.look(w)
	if err != nil {
		return err
	}
	if l == nil {
		return &ResultError{Empty, "lease not found"}
	}
	return c.committer.Commit(ctx, lease.Removal(*l))
}
