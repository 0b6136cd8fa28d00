package ha

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// finish takes a message over. What has begun is brought to an end even if ctx
// ends. The error, if there is one, is the answer's.
func (r *receiver) finish(ctx context.Context, st *stream, read func() (*arrival, error), a *changesAnswer) error {
	select {
	case st.turn <- struct{}{}:
		defer func() { <-st.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	m, err := read()
	defer r.unused.Put(m)
	if err != nil {
		return err
	}
	if m.question() {
		st.asked.Add(1)
	} else if a.failed, err = r.apply(context.WithoutCancel(ctx), st, m); errors.Is(err, errNotNext) {
		a.result = ctrl.Conflict
	} else if err != nil {
		return err
	}
	if err == nil {
		a.result = ctrl.Success
	}
	a.applied, a.position, a.now, a.transfer = st.mark, r.store.Position(), r.opts.now(), st.transfer
	return err
}

var errNotNext = errors.New("the message is not the next one")

func (r *receiver) apply(ctx context.Context, st *stream, m *arrival) ([]failedChange, error) {
	if m.from != st.mark {
		return nil, fmt.Errorf("%w: it does not begin where this server is", errNotNext)
	}
	if m.rewind {
		return nil, r.rewind(ctx, st, &m.changes)
	}
	if sp := m.full; sp != nil {
		follows := st.transfer != nil && st.transfer.to == m.to && st.transfer.through == sp.after
		if sp.after.IsValid() && !follows {
			return nil, fmt.Errorf("%w of the transfer", errNotNext)
		}
		if sp.prune && !r.opts.backup(m.server) { // a backup may never have had the lease
			if err := r.prune(ctx, &m.changes); err != nil {
				return nil, err
			}
		}
	}
	last := m.full == nil || !m.full.through.IsValid()
	to := m.to
	if !last {
		to = st.mark
	}
	v := &m.verdicts
	// Where everything is taken over, a lease that has changed since is found
	// out by its guard, but for one that is gone.
	judged := (v.plain || m.moves == st.moves) && !r.removedSince(m)
	err := r.commit(func() error {
		if !judged {
			if err := r.decide(&m.changes, v); err != nil {
				return err
			}
		}
		judged = false
		if len(v.changes) == 0 && !r.overdue(st, to) {
			return nil
		}
		for _, k := range v.yielding {
			r.opts.lost(k)
		}
		r.settling(st, v)
		return r.store.CommitPrepared(ctx, markOf(m.server), to, v.prepared)
	})
	if last || err != nil {
		defer r.resolve(st)
	}
	if err != nil {
		return nil, err
	}
	r.conflicts.add(&v.found)
	var next *transferred
	if !last {
		next = &transferred{m.to, m.full.through}
	}
	r.move(st, m.server, to, next, len(v.changes) > 0 || r.overdue(st, to), v.changes[:v.taken])
	return append(m.bad, v.lost...), nil
}

// removedSince says whether any of the leases that a message brings, and that
// were not there when it was judged, have come and gone since.
func (r *receiver) removedSince(m *arrival) bool {
	if r.store.Revision() == m.revision {
		return false
	}
	return slices.ContainsFunc(m.verdicts.changes, func(c lease.Change) bool {
		if c.If != lease.Absent {
			return false
		}
		last, known := r.store.Last(c.Lease.Key())
		return known && last.Lease.Revision > m.revision
	})
}

// tries bounds how often a decision is made anew. That a lease changes between
// a decision and its commit is rare.
const tries = 100

// commit tries to decide and to commit until no lease has changed in between.
func (r *receiver) commit(try func() error) (err error) {
	for range tries {
		if err = try(); !errors.Is(err, lease.ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("ha: %d attempts: %w", tries, err)
}
