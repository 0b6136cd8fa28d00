package lease

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// database is a bbolt database whose panics are errors. bbolt panics in many
// places when it finds its file damaged.
type database struct {
	*bbolt.DB
	file     *os.File
	panicked bool
}

// errFault is a panic of the database made an error.
var errFault = errors.New("the file was damaged or changed by somebody else while in use")

// do runs fn, which uses the database.
func (db *database) do(fn func() error) error {
	err := guard(fn)
	if errors.Is(err, errFault) {
		db.panicked = true
	}
	return err
}

// close closes the database and gives up its lock. One that has panicked may
// have locks of its own held for ever: of that only the file is closed.
func (db *database) close() error {
	if db.panicked {
		return errors.Join(unlock(db.file), db.file.Close())
	}
	var err error
	if db.IsReadOnly() {
		// bbolt leaves this lock to the closing of the file. But a process
		// that is being started at this moment has the file open too.
		err = unlock(db.file)
	}
	return errors.Join(err, guard(db.Close))
}

// guard returns fn's panics as errors, also those that come from reading a
// mapped file that is shorter than it was.
func guard(fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errFault, p)
		}
	}()
	return fn()
}

// refusePipe refuses what is never read to its end, or waits for a writer when it
// is opened: a named pipe or a device that somebody has put in a file's place.
func refusePipe(path string) error {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return fmt.Errorf("%s is no file (%v); move it away", path, info.Mode())
	}
	return err
}

// openFile opens an existing file with its lock.
func openFile(path string, o *bbolt.Options) (*database, error) {
	if err := refusePipe(path); err != nil {
		return nil, err
	}
	db, err := openDatabase(path, o, openExisting)
	if err != nil {
		return nil, err
	}
	// A compaction puts another file in this one's place. If that happened
	// before we had the lock, the lock is on a file that is gone.
	here, err := os.Stat(path)
	if err == nil {
		var ours fs.FileInfo
		if ours, err = db.file.Stat(); err == nil && !os.SameFile(here, ours) {
			err = ErrLocked
		}
	}
	if err != nil {
		return nil, errors.Join(err, db.close())
	}
	return db, nil
}

// openExisting opens a file that is there and not empty, of which bbolt would
// make a new database.
func openExisting(name string, flag int, mode fs.FileMode) (*os.File, error) {
	f, err := os.OpenFile(name, flag&^os.O_CREATE, mode)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.Size() == 0 {
		err = fmt.Errorf("%w (it is empty)", ErrDamaged)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func openDatabase(path string, o *bbolt.Options, open func(string, int, fs.FileMode) (*os.File, error)) (*database, error) {
	db := new(database)
	o.OpenFile = func(name string, flag int, mode fs.FileMode) (f *os.File, err error) {
		db.file, err = open(name, flag, mode)
		return db.file, err
	}
	o.Timeout = time.Nanosecond // try once for the lock
	o.FreelistType = bbolt.FreelistMapType
	o.NoStatistics = true
	err := guard(func() (err error) {
		db.DB, err = bbolt.Open(path, 0o600, o)
		return err
	})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, ErrLocked
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrVersionMismatch):
		return nil, errForeign
	case errors.Is(err, bolterrors.ErrChecksum):
		return nil, fmt.Errorf("%w (%v)", ErrDamaged, err)
	case errors.Is(err, errFault):
		// bbolt panicked, and so did not let go of the file.
		db.panicked = true
		return nil, errors.Join(fmt.Errorf("%w (%v)", ErrDamaged, err), db.close())
	case err != nil:
		return nil, err
	}
	return db, nil
}
