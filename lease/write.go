package lease

import (
	"context"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"
)

// batchSteps is how many changes one transaction takes at most, if they come
// from several Commits. It bounds how long the first of them waits, and how
// long questions wait while the changes are applied.
const batchSteps = 4096

// request is a Commit, a CommitMark, a SetServerID or a Forget that waits.
type request struct {
	ctx     context.Context
	changes []encodedChange
	one     [1]encodedChange // most have one change
	room    int              // bytes that the rows take in memory, at most
	mark    string           // not empty: CommitMark, of this mark
	place   Position
	server  *serverID // not nil: SetServerID
	forget  uint64
	done    chan error // has room for the one result, so that nobody waits to give it
}

// newRequest checks and encodes the changes, so that the writer has less to do.
func newRequest(changes []Change) (*request, error) {
	r := new(request)
	if r.changes = r.one[:0]; len(changes) > 1 {
		r.changes = make([]encodedChange, 0, len(changes))
	}
	room := 0
	for i := range changes {
		if err := changes[i].valid(); err != nil {
			return nil, fmt.Errorf("lease: commit %v: %w", changes[i].Lease.Addr, err)
		}
		room += rowBound(&changes[i])
	}
	b := make([]byte, room)
	for i := range changes {
		n := rowBound(&changes[i])
		r.room += rowRoom(n)
		r.changes = append(r.changes, encodeChange(&changes[i], b[:0:n]))
		b = b[n:]
	}
	return r, nil
}

// encodedChange is a checked Change.
type encodedChange struct {
	row      row    // its texts are parts of payload
	hostname string // of the row
	payload  []byte // the row without its checksum, with room for that; of a removal only the room
	when     uint64 // Change.If
	before   place  // what was known of the key when the change was planned
}

// encodeChange encodes a valid change into memory that has room for it.
func encodeChange(c *Change, b []byte) encodedChange {
	e := encodedChange{when: c.If, payload: b}
	if c.Delete {
		e.row = row{Key: c.Lease.Key(), removed: true, cltt: c.Lease.CLTT, source: c.Source}
		return e
	}
	l := c.Lease
	l.Hostname = lower(l.Hostname)
	e.hostname = l.Hostname
	e.payload = appendLease(b, &l, c.Source)
	_ = e.row.parse(e.payload) // it has just been made
	return e
}

// change returns the change as it is made with a revision. It shares memory
// with what is written, but with nothing of who has committed it.
func (e *encodedChange) change(rev uint64) Change {
	c := Change{Lease: e.row.numbers(rev), Delete: e.row.removed, Source: e.row.source}
	c.Lease.Hostname = e.hostname
	c.Lease.ClientID, c.Lease.HWAddr, c.Lease.UserContext = e.row.clientID, e.row.hwAddr, e.row.userContext
	return c
}

// Commit makes the changes durable, see Committer. It returns after they are on
// disk and every question is answered by them.
//
// The changes of one Commit are made in order, each condition seeing those
// before it. To remove a lease that is not there is no change and no error,
// unless its Source is a revision of another server, or one from another Source is
// still known: then it is kept as any other. Commits that wait at the same time
// share one write to the disk. A Commit whose ctx ends before its write has begun
// changes nothing.
//
// After an error of the disk (it is full, say) no change of that write is seen
// in memory, and the next Commit tries anew. Should the process end in
// between, it may turn out that the changes are on disk after all.
func (s *Store) Commit(ctx context.Context, changes ...Change) error {
	r, err := newRequest(changes)
	if err != nil {
		return err
	}
	return s.submit(ctx, r)
}

// Forget drops the memory of removed leases up to a revision, which is kept
// for Since. The store itself keeps the latest 100,000.
func (s *Store) Forget(ctx context.Context, rev uint64) error {
	return s.submit(ctx, &request{forget: rev})
}

// submit hands the request to the writer and waits for its result.
func (s *Store) submit(ctx context.Context, r *request) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	r.ctx, r.done = ctx, make(chan error, 1)
	if !s.queue.put(r) {
		return fmt.Errorf("lease: commit: %w", ErrClosed)
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		s.queue.remove(r)
	}
	select {
	case err := <-r.done: // both at once: the result says more
		return err
	default:
		return context.Cause(ctx)
	}
}

// run is the writer: the only goroutine that changes the file and the index.
func (s *Store) run() {
	defer close(s.stopped)
	for {
		batch, ok := s.queue.take(batchSteps)
		if !ok {
			return
		}
		s.turn <- struct{}{}
		s.commit(batch)
		<-s.turn
	}
}

// commit does what a batch asks for in one transaction, and tells everybody.
func (s *Store) commit(batch []*request) {
	batch = slices.DeleteFunc(batch, func(r *request) bool {
		late := r.ctx.Err() != nil
		if late {
			r.done <- context.Cause(r.ctx)
		}
		return late
	})
	if len(batch) == 0 {
		return
	}
	results := make([]error, len(batch))
	err := s.ready()
	if err == nil {
		p := s.newPlan(batch)
		var forget uint64
		for i, r := range batch {
			results[i] = s.add(p, r)
			forget = max(forget, r.forget)
		}
		s.forget(p, forget)
		if !p.empty() {
			err = s.write(p)
		}
	}
	if err != nil {
		err = fmt.Errorf("lease: commit to %s: %w", s.path, err)
		s.log.Error("leases cannot be written, their clients are not answered", "error", err, "commits", len(batch))
	}
	for i, r := range batch {
		// A conflict may be with a change that has now failed: then the
		// failure is what is true of both.
		if err != nil {
			results[i] = err
		}
		r.done <- results[i]
	}
}

// ready makes sure that the file can be written, and that the epoch is durable
// in which changes are announced.
func (s *Store) ready() error {
	if s.failed == nil && s.db != nil {
		return nil
	}
	return s.recover()
}

// write announces the plan, writes it to the file and applies it; or remembers
// that it failed.
func (s *Store) write(p *plan) error {
	changes := s.announce(p)
	if err := s.db.do(func() error { return s.update(s.db.DB, p.write) }); err != nil {
		s.fail(p, changes)
		return err
	}
	for _, c := range s.copies {
		c.plans = append(c.plans, p)
	}
	s.apply(p)
	return nil
}

// fail takes back what was announced of a plan.
func (s *Store) fail(p *plan, changes []Change) {
	s.failed = p
	if len(p.steps) > 0 {
		s.mu.Lock()
		s.history = s.history.void(s.header.revision, s.issued)
		s.mu.Unlock()
	}
	if len(changes) > 0 {
		for _, a := range s.announcers {
			(*a).Failed(changes)
		}
	}
}

// transact writes a transaction, by way of Options.Write.
func (s *Store) transact(db *bbolt.DB, fn func(*bbolt.Tx) error) error {
	if s.disk == nil {
		return db.Update(fn)
	}
	return s.disk(func() error { return db.Update(fn) })
}
