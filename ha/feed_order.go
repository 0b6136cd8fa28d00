package ha

import "github.com/tidwall/btree"

// feedOrder is the entries whose changes wait, by revision. Nearly all come in
// that order, and make a list. The others are in a tree.
type feedOrder struct {
	first, last *feedEntry
	late        btree.Map[uint64, *feedEntry]
}

func (o *feedOrder) add(e *feedEntry) {
	if o.last != nil && e.revision() < o.last.revision() {
		e.late = true
		o.late.Set(e.revision(), e)
		return
	}
	e.late, e.before, e.after = false, o.last, nil
	if o.last == nil {
		o.first = e
	} else {
		o.last.after = e
	}
	o.last = e
}

func (o *feedOrder) remove(e *feedEntry) {
	if e.late {
		o.late.Delete(e.revision())
		return
	}
	if e.before == nil {
		o.first = e.after
	} else {
		e.before.after = e.after
	}
	if e.after == nil {
		o.last = e.before
	} else {
		e.after.before = e.before
	}
	e.before, e.after = nil, nil
}

// min returns the first revision.
func (o *feedOrder) min() (rev uint64, ok bool) {
	if rev, _, ok = o.late.Min(); o.first != nil && (!ok || o.first.revision() < rev) {
		return o.first.revision(), true
	}
	return rev, ok
}

// all goes through the entries, which must not change their places meanwhile.
func (o *feedOrder) all(yield func(*feedEntry) bool) {
	more, next := true, o.first
	upTo := func(rev uint64) {
		for ; more && next != nil && next.revision() < rev; next = next.after {
			more = yield(next)
		}
	}
	if o.late.Len() > 0 {
		o.late.Scan(func(rev uint64, e *feedEntry) bool {
			if upTo(rev); more {
				more = yield(e)
			}
			return more
		})
	}
	upTo(1<<64 - 1)
}
