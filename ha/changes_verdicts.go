package ha

import (
	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// verdicts are what is to be done about a message.
type verdicts struct {
	changes  []lease.Change // to be made
	taken    int            // the first of them, which are the sender's
	own      []lease.Change // of this server, to follow these; then part of changes
	lost     []failedChange
	yielding []lease.Key    // those of which somebody here may wait for a change that gives way
	plain    bool           // all changes are taken over, and nothing else happens
	prepared lease.Prepared // of changes
	found    Conflicts
}

// decide judges the changes of a message by what is here now, and prepares what
// is to be done.
func (r *receiver) decide(m *changes, v *verdicts) (err error) {
	*v = verdicts{changes: v.changes[:0], plain: true}
	seen, _ := r.store.Locate(m.seen)
	active := r.opts.role != Backup && !r.opts.backup(m.server)
	simple := active && r.opts.keep == nil
	for i := range m.list {
		theirs := &m.list[i]
		if active && m.mentions(theirs) {
			continue
		}
		ours, known := r.store.Last(theirs.Lease.Key())
		if simple && theirs.Source == 0 && m.supersedes(theirs, &ours, known) {
			v.take(theirs, theirs.Lease.Revision, guard(&ours))
			continue
		}
		v.plain = false
		r.weigh(m, i, &ours, seen, v)
	}
	v.taken = len(v.changes)
	v.changes = append(v.changes, v.own...)
	v.prepared, err = lease.Prepare(v.changes)
	return err
}

// mentions says whether a change is a lease of a full transfer that was taken over
// long ago: the sender's own, from before the mark. What is here is the same or
// newer, and if nothing is here its removal, which may be forgotten.
func (m *changes) mentions(theirs *lease.Change) bool {
	return m.full != nil && theirs.Source == 0 && theirs.Lease.Revision <= m.from.Revision
}

// supersedes says whether a change of the stream is to be taken over without
// much ado: there is none of the lease here that did not come the same way.
func (m *changes) supersedes(theirs, ours *lease.Change, known bool) bool {
	return !known || m.full == nil && partners(ours.Source)
}

// weigh judges a change, of the stream or of a full transfer, by the rule of judge:
// it finds what the rule asks for, and does what it says.
func (r *receiver) weigh(m *changes, i int, ours *lease.Change, seen uint64, v *verdicts) {
	theirs := m.list[i]
	copied := r.opts.backup(m.server)
	if theirs.Source != 0 && (!copied || r.opts.role == Primary) { // a backup tells the revisions of the primary
		if rev, ok := r.store.Locate(lease.Position{Epoch: m.seen.Epoch, Revision: theirs.Source}); ok && rev == theirs.Source {
			return // ours, perhaps as it was before
		}
	}
	if of := pick(theirs.Delete, &ours.Lease, &theirs.Lease); !ours.Delete && of.Addr.IsValid() && !r.keeps(of) {
		return // another relationship's
	}
	theirs.Source = r.source(m.server, theirs.Lease.Revision)
	c := conflict{
		role: r.opts.role, copied: copied, theirs: theirs, ours: *ours, skewed: m.offset != 0,
		knew:    partners(ours.Source) || ours.Lease.Revision <= seen,
		awaited: r.opts.awaited(theirs.Lease.Key()),
		told:    told(m.alone, theirs.Lease.Revision),
		weTold:  told(r.opts.alone(), ours.Lease.Revision),
		same:    partners(ours.Source) && ours.Source&secondStream == theirs.Source&secondStream,
		first:   m.server == r.opts.primary || !partners(ours.Source),
	}
	verdict := judge(&c)
	v.found.count(&c, verdict)
	switch verdict {
	case takeIt:
		v.take(&theirs, theirs.Source, guard(ours))
	case settleOnIt:
		// From now on that is what the peer is told of the lease, and what it
		// acknowledges.
		v.yielding = append(v.yielding, theirs.Lease.Key())
		v.take(&theirs, 0, guard(ours))
	case settleOnOurs:
		theirs.If = guard(ours)
		v.settle(theirs, *ours)
		v.lose(m.at[i])
	case refuseIt:
		v.lose(m.at[i])
	}
}

func (v *verdicts) take(c *lease.Change, source, guard uint64) {
	v.changes = append(v.changes, *c)
	taken := &v.changes[len(v.changes)-1]
	taken.Source, taken.If = source, guard
}

func (v *verdicts) lose(index int) {
	v.lost = append(v.lost, failedChange{index, ctrl.Conflict, "another change of the lease has won"})
}

// settle makes what is here anew.
func (v *verdicts) settle(theirs, ours lease.Change) {
	ours.Source, ours.If = 0, theirs.If
	if ours.Delete {
		// What is not there cannot be removed.
		v.own = append(v.own, theirs)
		ours.If = 0
	}
	v.own = append(v.own, ours)
}

// guard returns the If of a change that replaces another one.
func guard(here *lease.Change) uint64 {
	if here.Lease.Revision == 0 || here.Delete {
		return lease.Absent
	}
	return here.Lease.Revision
}
