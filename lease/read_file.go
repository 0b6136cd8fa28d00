package lease

import (
	"errors"
	"fmt"
	"log/slog"
	"os"

	"go.etcd.io/bbolt"
)

// ReadFile returns the leases in the file of a store, by address, IPv4 before
// IPv6, and leaves the file as it is: nothing is written to it or beside it, as
// [Open] does. The errors are those of Open, ErrLocked and ErrDamaged among
// them; a file that does not exist is an error that matches [fs.ErrNotExist].
func ReadFile(path string) ([]Lease, error) {
	leases, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("lease: read %s: %w", path, err)
	}
	return leases, nil
}

func readFile(path string) (leases []Lease, err error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	s := &Store{path: path, log: slog.New(slog.DiscardHandler), index: newIndex()}
	if err := s.inspect(); err != nil {
		return nil, err
	}
	db, err := openFile(path, &bbolt.Options{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	err = db.do(func() error { return db.View(s.load) })
	if errors.Is(err, errFault) {
		err = fmt.Errorf("%w (%v)", ErrDamaged, err)
	}
	if err = errors.Join(err, db.close()); err != nil {
		return nil, err
	}
	for l := range s.All() {
		leases = append(leases, l)
	}
	return leases, nil
}
