package lease

import (
	"encoding/binary"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

// plan is what one transaction is to do: the changes of several Commits whose
// conditions hold, in order, with their revisions. It is made, written to the
// file, and only then applied to the index.
type plan struct {
	steps  []step
	graves []grave   // removed leases to forget
	marks  marks     // nil: as they are
	server *serverID // nil: as it is
	header header    // of the store once all is done
	issued uint64    // the highest revision given out once all is done

	room   int // bytes that the rows of the steps take in memory, at most
	buried int // how many more removed leases are known after the steps than before
}

type step struct {
	*encodedChange
	encoded []byte
	rev     uint64
	old     uint64 // revision of the row this one replaces, 0 for none
}

type grave struct {
	key Key
	rev uint64
	id  uint32
}

// place is what is known of a key: what counts of the row kept for it.
type place struct {
	rev      uint64 // 0: nothing
	removed  bool
	checksum uint32
	cltt     int64
	source   uint64
}

// place returns what is known of a key as of the plan.
func (s *Store) place(k Key) place {
	if at, ok := s.touched[addrOf(k)]; ok {
		return at
	}
	id, ok := s.index.last(k)
	if !ok {
		return place{}
	}
	b := s.index.slab.row(id)
	r, _ := parseRow(b)
	return placeOf(&r, s.index.slab.at(id).rev, b)
}

func placeOf(r *row, rev uint64, encoded []byte) place {
	return place{rev, r.removed, checksumOf(encoded), r.cltt, r.source}
}

// newPlan begins a plan of nothing.
func (s *Store) newPlan(batch []*request) *plan {
	changes := 0
	for _, r := range batch {
		changes += len(r.changes)
	}
	// A map is cleared in the time that the most it ever held would take.
	if clear(s.touched); s.touched == nil || s.touchedRoom > 4*max(changes, 64) {
		s.touched, s.touchedRoom = make(map[addrPlace]place, changes), 0
	}
	s.touchedRoom = max(s.touchedRoom, changes)
	return &plan{header: s.header, issued: s.issued, steps: make([]step, 0, changes)}
}

// add plans what one Commit asks for, each change in view of those before it:
// all of it, or nothing if a condition does not hold.
func (s *Store) add(p *plan, r *request) error {
	was := *p
	p.room += r.room
	if !s.hasRoom(p.room, r) {
		*p = was
		return fmt.Errorf("lease: commit: %w", errNoRoom)
	}
	for i := range r.changes {
		c := &r.changes[i]
		at := s.place(c.row.Key)
		there := at.rev != 0 && !at.removed
		c.before = at
		if c.when == Absent && there || c.when != 0 && c.when != Absent && (!there || at.rev != c.when) {
			for j := i - 1; j >= 0; j-- {
				s.touched[addrOf(r.changes[j].row.Key)] = r.changes[j].before
			}
			*p = was
			return fmt.Errorf("lease: commit %s: %w", c.row.Key, ErrConflict)
		}
		if c.row.removed && !there && (at.source == c.row.source || at.rev == 0 && c.row.source == Foreign) {
			s.touched[addrOf(c.row.Key)] = at
			continue // there is nothing to remove
		}
		if c.row.removed {
			c.remove(at, s.now())
		}
		p.issued++
		p.header.revision = p.issued
		st := step{encodedChange: c, rev: p.issued, old: at.rev, encoded: sealRow(p.issued, c.payload)}
		if at.rev != 0 {
			p.header.rows--
			p.header.sum -= uint64(at.checksum)
		}
		p.header.add(st.encoded)
		if at.removed {
			p.buried--
		}
		if c.row.removed {
			p.buried++
		}
		p.steps = append(p.steps, st)
		s.touched[addrOf(c.row.Key)] = placeOf(&c.row, st.rev, st.encoded)
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

// hasRoom says whether a plan with so many bytes of rows, of which these changes
// are the last, has room in memory. When there is little left leases can still
// be removed, and renewed in their places.
func (s *Store) hasRoom(room int, r *request) bool {
	rows := s.index.slab.rows
	if rows.roomFor(room, false) {
		return true
	}
	for i := range r.changes {
		c := &r.changes[i]
		if c.row.removed {
			continue
		}
		id, there := s.index.addrs.find(c.row.Key)
		if !there || rowRoom(len(s.index.slab.row(id))) != rowRoom(len(c.payload)+checksumLen) {
			return false
		}
	}
	return rows.roomFor(room, true)
}

// remove encodes the removal of a lease. One that comes without a time is
// decided now, in view of the lease there is: on a server whose clock is behind
// that of who has given it the removal is not older than the lease for all others.
// A lease of this server's own may be later only because the clock was set back.
func (c *encodedChange) remove(at place, now time.Time) {
	if c.row.cltt == 0 {
		c.row.cltt = now.Unix()
		if at.source != 0 {
			c.row.cltt = max(c.row.cltt, at.cltt)
		}
	}
	c.payload = appendRemoved(c.payload, c.row.Key, c.row.cltt, c.row.source)
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
	excess := s.index.gone.len() + p.buried - s.keepRemoved
	s.index.goneRevs.ascend(revItem{}, func(g revItem) bool {
		if g.rev() > upTo && excess <= 0 {
			return false
		}
		b := s.index.slab.row(g.id)
		r, _ := parseRow(b)
		if at, ok := s.touched[addrOf(r.Key)]; ok && at.rev != g.rev() {
			return true // replaced by the plan anyway
		}
		p.graves = append(p.graves, grave{r.Key, g.rev(), g.id})
		p.header.sub(b)
		p.header.forgotten = g.rev()
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
	rows.FillPercent = 0.9    // rows are added at the end
	key := make([]byte, 0, 8) // the database keeps a copy
	for _, st := range p.steps {
		if st.old != 0 {
			if err := rows.Delete(binary.BigEndian.AppendUint64(key, st.old)); err != nil {
				return err
			}
		}
		if err := rows.Put(binary.BigEndian.AppendUint64(key, st.rev), st.encoded); err != nil {
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
	restore := func(k Key) error {
		id, ok := s.index.last(k)
		if !ok {
			return nil
		}
		// The database reads it until the end of the transaction, which is
		// before the index changes.
		return rows.Put(revKey(s.index.slab.at(id).rev), s.index.slab.row(id))
	}
	for _, st := range p.steps {
		if err := restore(st.row.Key); err != nil {
			return err
		}
	}
	for _, g := range p.graves {
		if err := restore(g.key); err != nil {
			return err
		}
	}
	return nil
}

// apply brings the index to where the file is, and tells the observers.
func (s *Store) apply(p *plan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var before, after Lease // what observers are given, one after another
	for _, g := range p.graves {
		s.index.bury(g.key, g.id)
	}
	for i := range p.steps {
		st := &p.steps[i]
		if len(s.observers) > 0 {
			var old, new *Lease
			if id, ok := s.there(st); ok {
				r := s.index.parse(id)
				before = r.view(s.index.slab.at(id).rev)
				old = &before
			}
			if !st.row.removed {
				after = st.change(st.rev).Lease
				new = &after
			}
			if old != nil || new != nil { // otherwise it is a removal of another source
				for _, o := range s.observers {
					o.fn(old, new)
				}
			}
		}
		if st.old == 0 {
			s.index.add(st.rev, &st.row, st.encoded)
		} else {
			s.index.set(st.rev, &st.row, st.encoded)
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

// there returns the record of the lease that a step replaces; false: there is
// no such lease.
func (s *Store) there(st *step) (id uint32, ok bool) {
	if st.old == 0 {
		return 0, false
	}
	return s.index.addrs.find(st.row.Key)
}
