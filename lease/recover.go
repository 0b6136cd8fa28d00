package lease

import (
	"errors"
	"fmt"
	"os"

	"go.etcd.io/bbolt"
)

// recover makes the store fit to write again after a transaction failed.
//
// What is left then is uncertain in two ways. bbolt may have lost its mapping
// of the file: so it is opened anew. And if writing failed at the very end, the
// file may have the transaction after all, as the system's memory shows it,
// the disk not: so what decides that is written again, and the transaction is
// then undone. With that the epoch is made durable that has begun with the
// failure.
func (s *Store) recover() error {
	if s.db != nil {
		// Still under the file's lock.
		if err := rewriteMeta(s.path); err != nil {
			return fmt.Errorf("recover from an earlier error: %w", err)
		}
		if err := s.db.close(); err != nil {
			s.log.Warn("the lease file cannot be closed", "error", err)
		}
		s.db = nil
	}
	db, err := openFile(s.path, new(bbolt.Options))
	if err != nil {
		return fmt.Errorf("recover from an earlier error: %w", err)
	}
	s.db = db
	want := s.sealed()
	err = db.do(func() error {
		var have header
		err := db.View(func(tx *bbolt.Tx) (err error) {
			have, err = readHeader(tx)
			return err
		})
		switch {
		case err != nil:
			return err
		case have == want:
			return nil // an earlier recovery got as far as this
		case have == s.header:
			return s.transact(db.DB, s.state.write)
		case s.failed != nil && have == s.failed.header:
			return s.transact(db.DB, func(tx *bbolt.Tx) error { return errors.Join(s.undo(s.failed, tx), s.state.write(tx)) })
		default:
			return errors.New("somebody else has changed the file")
		}
	})
	if err != nil {
		return fmt.Errorf("recover from an earlier error: %w", err)
	}
	s.failed = nil
	s.mu.Lock()
	s.header = want
	s.mu.Unlock()
	s.log.Info("writing leases is possible again", "file", s.path)
	return nil
}

// rewriteMeta writes the two pages at the file's beginning again, as they are,
// and waits for the disk. After a failed fsync the system takes pages for
// written that are not; writing them anew makes it try again.
func rewriteMeta(path string) (err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	meta, err := readMeta(f)
	if err != nil {
		return err
	}
	pages := make([]byte, 2*meta.pageSize)
	if _, err := f.ReadAt(pages, 0); err != nil {
		return err
	}
	if _, err := f.WriteAt(pages, 0); err != nil {
		return err
	}
	return f.Sync()
}
