package lease

import (
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

// plan is what one transaction is to do: the changes of several Commits whose
// conditions hold, in order, with their revisions. It is made, written to the
// file, and only then applied to the index.
type plan struct {
	steps  []step
	graves []revItem // removed leases to forget
	marks  marks     // nil: as they are
	server *serverID // nil: as it is
	header header    // of the store once all is done
	issued uint64    // the highest revision given out once all is done

	// touched is where the store would stand for each key after the steps
	// so far.
	touched map[Key]place
}

type step struct {
	row     row
	encoded string
	rev     uint64
	old     uint64 // revision of the row this one replaces, 0 for none
}

// place is what is known of a key: the row kept for it.
type place struct {
	rev     uint64 // 0: nothing
	encoded string
	removed bool
}

// place returns what is known of a key as of the plan.
func (s *Store) place(p *plan, k Key) place {
	if at, ok := p.touched[k]; ok {
		return at
	}
	id, ok := s.index.last(k)
	if !ok {
		return place{}
	}
	rec := s.index.slab.at(id)
	_, gone := s.index.gone[k]
	return place{rec.rev, rec.row, gone}
}

// add plans what one Commit asks for, each change in view of those before it:
// all of it, or nothing if a condition does not hold.
func (s *Store) add(p *plan, r *request) error {
	n, header, issued := len(p.steps), p.header, p.issued
	changes := r.changes
	before := make([]place, len(changes))
	for i, c := range changes {
		at := s.place(p, c.key)
		before[i] = at
		there := at.rev != 0 && !at.removed
		if c.when == Absent && there || c.when != 0 && c.when != Absent && (!there || at.rev != c.when) {
			for j := i - 1; j >= 0; j-- {
				p.touched[changes[j].key] = before[j]
			}
			p.steps, p.header, p.issued = p.steps[:n], header, issued
			return fmt.Errorf("lease: commit %s: %w", c.key, ErrConflict)
		}
		if c.removed && !there && !at.removedBy(c.source) {
			p.touched[c.key] = at
			continue // there is nothing to remove
		}
		if c.removed {
			c.payload = removal(&c, at.encoded)
		}
		p.issued++
		p.header.revision = p.issued
		st := step{rev: p.issued, old: at.rev, encoded: sealRow(p.issued, c.payload)}
		st.row, _ = parseRow(st.encoded)
		if at.rev != 0 {
			p.header.sub(at.encoded)
		}
		p.header.add(st.encoded)
		p.steps = append(p.steps, st)
		p.touched[c.key] = place{st.rev, st.encoded, c.removed}
	}
	if r.mark != "" {
		s.mark(p, r.mark, r.place)
	}
	if r.server != nil {
		p.server = r.server
		p.header.serverID = sumOf([]byte(*r.server))
	}
	return nil
}

// removedBy says whether there is a removal that can become one of another
// source.
func (at *place) removedBy(source uint64) bool {
	if !at.removed {
		return false
	}
	r, _ := parseRow(at.encoded)
	return r.source != source
}

// removal returns the row that stands for the removal of a lease. One that
// comes without a time is decided now, in view of the lease there is: on a
// server whose clock is behind it is not older than that for all others.
func removal(c *encodedChange, lease string) []byte {
	if c.cltt == 0 {
		r, _ := parseRow(lease)
		c.cltt = max(time.Now().Unix(), r.cltt)
	}
	return appendRemoved(make([]byte, 0, 32), c.key, c.cltt, c.source)
}

// mark plans to set a mark.
func (s *Store) mark(p *plan, name string, to Position) {
	now := p.marks
	if now == nil {
		now = s.marks
	}
	if now[name] != to {
		p.marks = now.with(name, to)
		p.header.marks = sumOf(p.marks.encode())
	}
}

// forget plans to forget removed leases: those up to a revision, and the
// oldest beyond the number that is kept.
func (s *Store) forget(p *plan, upTo uint64) {
	excess := len(s.index.gone) - s.keepRemoved
	for k, at := range p.touched {
		if _, was := s.index.gone[k]; was != at.removed {
			if at.removed {
				excess++
			} else {
				excess--
			}
		}
	}
	s.index.goneRevs.Scan(func(g revItem) bool {
		if g.rev > upTo && excess <= 0 {
			return false
		}
		r := s.index.parse(g.id)
		if at, ok := p.touched[r.Key]; ok && at.rev != g.rev {
			return true // replaced by the plan anyway
		}
		p.graves = append(p.graves, g)
		p.header.sub(s.index.slab.at(g.id).row)
		p.header.forgotten = g.rev
		excess--
		return true
	})
}

func (p *plan) empty() bool {
	return len(p.steps) == 0 && len(p.graves) == 0 && p.marks == nil && p.server == nil
}

// write makes the plan part of a transaction.
func (p *plan) write(tx *bbolt.Tx) error {
	rows := tx.Bucket(rowsBucket)
	rows.FillPercent = 0.9 // rows are added at the end
	for _, st := range p.steps {
		if st.old != 0 {
			if err := rows.Delete(revKey(st.old)); err != nil {
				return err
			}
		}
		if err := rows.Put(revKey(st.rev), []byte(st.encoded)); err != nil {
			return err
		}
	}
	for _, g := range p.graves {
		if err := rows.Delete(revKey(g.rev)); err != nil {
			return err
		}
	}
	meta := tx.Bucket(metaBucket)
	if p.marks != nil {
		if err := meta.Put(marksKey, p.marks.encode()); err != nil {
			return err
		}
	}
	if p.server != nil {
		if err := p.server.write(meta); err != nil {
			return err
		}
	}
	return meta.Put(headerKey, p.header.encode())
}

// undo takes the rows of the plan out of a file that they got into although
// writing them failed. The index is as it was before.
func (s *Store) undo(p *plan, tx *bbolt.Tx) error {
	rows := tx.Bucket(rowsBucket)
	for _, st := range p.steps {
		if err := rows.Delete(revKey(st.rev)); err != nil {
			return err
		}
	}
	restore := func(id uint32) error {
		rec := s.index.slab.at(id)
		return rows.Put(revKey(rec.rev), []byte(rec.row))
	}
	for k := range p.touched {
		if id, ok := s.index.last(k); ok {
			if err := restore(id); err != nil {
				return err
			}
		}
	}
	for _, g := range p.graves {
		if err := restore(g.id); err != nil {
			return err
		}
	}
	return nil
}

// apply brings the index to where the file is, and tells the observers.
func (s *Store) apply(p *plan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range p.graves {
		s.index.bury(s.index.parse(g.id).Key, g.id)
	}
	for i := range p.steps {
		st := &p.steps[i]
		var old, new *Lease
		if len(s.observers) > 0 {
			if id, ok := s.index.find(st.row.Key); ok {
				l := s.index.lease(id)
				old = &l
			}
			if !st.row.removed {
				l := st.row.lease(st.rev)
				new = &l
			}
		}
		s.index.set(st.rev, &st.row, st.encoded)
		if old == nil && new == nil {
			continue // a removal of another source
		}
		for _, o := range s.observers {
			o.fn(old, new)
		}
	}
	s.header = p.header
	if p.marks != nil {
		s.marks = p.marks
	}
	if p.server != nil {
		s.serverID = *p.server
	}
}
