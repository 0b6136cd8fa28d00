package lease

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"go.etcd.io/bbolt"
)

// copying is a copy of the store being made while commits go on: of the rows
// as they are found in memory, and then of the plans written meanwhile.
type copying struct {
	path  string
	db    *database
	from  uint64  // the store's revision when the copy was begun
	plans []*plan // of the transactions since
	state state   // of the store when the copy is complete
}

// copyRows is how many rows a transaction of a copy takes.
const copyRows = 1 << 14

// beginCopy makes a new file beside the store and has the writer note what it
// does from here on.
func (s *Store) beginCopy(ctx context.Context) (*copying, error) {
	tmp, db, err := newFile(s.path)
	if err != nil {
		return nil, err
	}
	c := &copying{path: tmp, db: db}
	if err := s.takeTurn(ctx); err != nil {
		return nil, errors.Join(err, c.abandon())
	}
	defer s.endTurn()
	c.from = s.header.revision
	s.copies = append(s.copies, c)
	return c, nil
}

// fill copies the rows the store had when the copy was begun, but for those
// that have been replaced before their turn came.
func (s *Store) fill(ctx context.Context, c *copying) error {
	type rowAt struct {
		rev     uint64
		encoded []byte
	}
	some := make([]rowAt, 0, stride)
	rev, more := uint64(0), true
	for more {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		err := c.db.Update(func(tx *bbolt.Tx) error {
			rows := tx.Bucket(rowsBucket)
			rows.FillPercent = 1
			for n := 0; more && n < copyRows; n += len(some) {
				some, more = some[:0], false
				s.mu.RLock()
				s.index.revs.ascend(revAt(rev+1, 0), func(r revItem) bool {
					if r.rev() > c.from {
						return false
					}
					some = append(some, rowAt{r.rev(), bytes.Clone(s.index.slab.row(r.id))})
					more = len(some) == stride
					return !more
				})
				s.mu.RUnlock()
				for _, r := range some {
					if err := rows.Put(revKey(r.rev), r.encoded); err != nil {
						return err
					}
					rev = r.rev
				}
			}
			return nil
		})
		if err == nil {
			err = s.drain(c)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// drain writes to the copy what the writer has noted so far, so that it is never
// more than what is committed while some of the rows are copied. That not all of
// them are there yet does no harm: those that a plan replaces are not found any
// more.
func (s *Store) drain(c *copying) error {
	s.turn <- struct{}{}
	plans := c.plans
	c.plans = nil
	s.endTurn()
	if len(plans) == 0 {
		return nil
	}
	return c.db.Update(func(tx *bbolt.Tx) error {
		for _, p := range plans {
			if err := p.write(tx); err != nil {
				return err
			}
		}
		return nil
	})
}

// catchUp writes what the writer has noted to the copy, which is then equal to
// the store at the moment of endCopy.
func (c *copying) catchUp() error {
	return c.db.Update(func(tx *bbolt.Tx) error {
		for _, p := range c.plans {
			if err := p.write(tx); err != nil {
				return err
			}
		}
		return c.state.write(tx)
	})
}

// endCopy has the writer note nothing more. The caller has the turn.
func (s *Store) endCopy(c *copying) {
	c.state = s.state
	c.state.header = s.sealed()
	s.copies = slices.DeleteFunc(s.copies, func(other *copying) bool { return other == c })
}

// abandon removes what there is of the copy.
func (c *copying) abandon() error { return errors.Join(c.db.close(), discard(c.path)) }

// takeTurn waits until nobody writes to the file, and keeps it so until
// endTurn. ErrClosed: the store has been closed.
func (s *Store) takeTurn(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if s.queue.isClosed() {
		s.endTurn()
		return ErrClosed
	}
	return nil
}

func (s *Store) endTurn() { <-s.turn }
