package ha

import (
	"context"
	"slices"

	"github.com/dhcpha/dhcpha/lease"
)

// settled waits until none of the changes may be the winner of a conflict that
// the sender's mark does not cover yet. Who is told of such a change before
// would take it for one made in ignorance of its own, and may refuse it, while
// its own has already been decided against here.
func (r *receiver) settled(ctx context.Context, sender string, changes []lease.Change) error {
	st := r.stream(sender)
	for {
		r.mu.Lock()
		open := slices.ContainsFunc(changes, func(c lease.Change) bool { return st.unsettled[c.Lease.Key()] })
		resolved := st.resolved
		r.mu.Unlock()
		if !open {
			return nil
		}
		select {
		case <-resolved:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// settling notes the winners of conflicts that are about to be committed.
func (r *receiver) settling(st *stream, v *verdicts) {
	if v.plain {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range v.changes {
		if v.changes[i].Source != 0 {
			continue
		}
		if st.unsettled == nil {
			st.unsettled, st.resolved = make(map[lease.Key]bool), make(chan struct{})
		}
		st.unsettled[v.changes[i].Lease.Key()] = true
	}
}

// resolve lets the winners of conflicts be told: the mark covers what they have
// won against.
func (r *receiver) resolve(st *stream) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if st.unsettled != nil {
		st.unsettled = nil
		close(st.resolved)
	}
}
