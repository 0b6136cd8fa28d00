package lease

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"

	"go.etcd.io/bbolt"
)

// Compact makes the file as small as its content allows, by writing a new one
// and putting it in the place of the old. Commits go on meanwhile, but for a
// moment at the end. Until then both files take room on the disk. If ctx ends
// or an error comes, the store goes on with the old file.
func (s *Store) Compact(ctx context.Context) error {
	if err := s.compact(ctx); err != nil {
		return fmt.Errorf("lease: compact %s: %w", s.path, err)
	}
	return nil
}

func (s *Store) compact(ctx context.Context) error {
	c, err := s.beginCopy(ctx)
	if err != nil {
		return err
	}
	err = s.fill(ctx, c)
	if err == nil {
		// Nearly all there is to sync, while commits still go on.
		err = c.db.Sync()
	}
	s.turn <- struct{}{}
	defer s.endTurn()
	s.endCopy(c)
	if err == nil && s.queue.isClosed() {
		err = ErrClosed
	}
	if err == nil {
		err = c.catchUp()
	}
	if err == nil {
		err = c.db.Sync()
	}
	if err != nil {
		return errors.Join(err, c.abandon())
	}
	return s.swap(c)
}

// swap puts a complete copy in the place of the file. The caller has the turn.
func (s *Store) swap(c *copying) error {
	// From the renaming on the new file is locked already, so nobody can
	// open it in between. Windows does not rename over open files.
	closeFirst := runtime.GOOS == "windows"
	if closeFirst {
		if err := errors.Join(c.db.close(), s.closeDB()); err != nil {
			return errors.Join(err, discard(c.path))
		}
	}
	if err := os.Rename(c.path, s.path); err != nil {
		if closeFirst {
			return errors.Join(err, discard(c.path), s.reopen())
		}
		return errors.Join(err, c.abandon())
	}
	s.mu.Lock()
	s.header = c.state.header
	s.mu.Unlock()
	s.failed = nil
	if closeFirst {
		return s.reopen()
	}
	err := s.closeDB()
	c.db.NoSync, c.db.NoGrowSync = false, false
	s.db = c.db
	return errors.Join(err, syncDir(s.path))
}

func (s *Store) closeDB() error {
	if s.db == nil {
		return nil
	}
	err := s.db.close()
	s.db = nil
	return err
}

// reopen opens the file at the path.
func (s *Store) reopen() (err error) {
	s.db, err = openFile(s.path, new(bbolt.Options))
	return err
}
