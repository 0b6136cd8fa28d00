package lease

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// Backup writes a copy of the store to w and returns its length in bytes. What
// it writes is a file for Open, with all leases as of one moment during the
// call. Commits go on meanwhile, however slow w is: the copy is made beside
// the store first, which takes as much room on the disk again.
func (s *Store) Backup(w io.Writer) (n int64, err error) {
	n, err = s.backup(w)
	if err != nil {
		return n, fmt.Errorf("lease: backup of %s: %w", s.path, err)
	}
	return n, nil
}

func (s *Store) backup(w io.Writer) (n int64, err error) {
	ctx := context.Background()
	c, err := s.beginCopy(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, c.abandon()) }()
	err = s.fill(ctx, c)
	s.turn <- struct{}{}
	s.endCopy(c)
	s.endTurn()
	if err == nil {
		err = c.catchUp()
	}
	if err == nil {
		err = c.db.close()
	}
	if err != nil {
		return 0, err
	}
	f, err := os.Open(c.path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return io.Copy(w, f)
}
