package lease

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
)

// temporary stands between the name of a store and the rest of the name of a
// file that is being made beside it.
const temporary = ".tmp-"

// create makes an empty store. It appears at its path all at once, so that an
// empty or half-made file there is always one that has been damaged.
func create(path string) (err error) {
	tmp, db, err := newFile(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, discard(tmp)) }()
	if err := errors.Join(db.Sync(), db.close()); err != nil {
		return err
	}
	// A link, unlike a rename, does not replace what another process may
	// have made meanwhile. Not every file system has them.
	if err := os.Link(tmp, path); errors.Is(err, fs.ErrExist) {
		return nil
	} else if err != nil {
		if err := os.Rename(tmp, path); err != nil {
			return err
		}
	}
	return syncDir(path)
}

// newFile makes a file for a store with nothing in it but the format, under a
// temporary name and not yet synced to the disk.
func newFile(path string) (tmp string, db *database, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+temporary)
	if err != nil {
		// It is the folder that matters, not a name nobody has chosen.
		if e := (*fs.PathError)(nil); errors.As(err, &e) {
			err = e.Err
		}
		return "", nil, fmt.Errorf("the folder %s must be there and writable: %w", filepath.Dir(path), err)
	}
	tmp = f.Name()
	err = f.Close()
	if err == nil {
		db, err = openDatabase(tmp, &bbolt.Options{NoSync: true, NoGrowSync: true}, os.OpenFile)
	}
	if err != nil {
		return "", nil, errors.Join(err, discard(tmp))
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		if _, err := tx.CreateBucket(metaBucket); err != nil {
			return err
		}
		if _, err := tx.CreateBucket(rowsBucket); err != nil {
			return err
		}
		return new(state).write(tx)
	})
	if err != nil {
		return "", nil, errors.Join(err, db.close(), discard(tmp))
	}
	return tmp, db, nil
}

// discard removes a temporary file if it is still there.
func discard(tmp string) error {
	if err := os.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
