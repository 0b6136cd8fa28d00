package lease

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"github.com/dhcpha/dhcpha/internal/exposed"
)

// What is in the file: a bucket with what is true of it as a whole, one of rows
// by revision, and one with its history.
var (
	metaBucket  = []byte("dhcpha")
	formatKey   = []byte("format")
	headerKey   = []byte("header")
	marksKey    = []byte("marks")
	serverIDKey = []byte("server-id")
	rowsBucket  = []byte("leases")
	pastBucket  = []byte("past")
	historyKey  = []byte("history")
)

// format is the version of all this. A change that older versions of this
// package would misread must raise it. Format 1 knew no sources, no history and
// no marks, format 2 no server identifier; a file in one of them becomes one of
// this format when it is opened.
const format = 3

var (
	// ErrDamaged is returned by Open for a store whose file has been damaged.
	ErrDamaged = errors.New("the file is damaged: move it away and restore a backup, " +
		"or start without leases and let them be fetched from a partner")

	// ErrLocked is returned by Open for a store that is open already.
	ErrLocked = errors.New("another process has the file open")

	errForeign = errors.New("not a lease store of this library")
)

// Open opens the store in the file path, which is made if it does not exist, for
// its owner only. Its directory must be writable: copies are made there. If
// others can change or replace the file, a warning says how and what to do.
//
// ErrLocked: somebody has it open. ErrDamaged: the file is not as it was
// written; it is left as it is. A file that is something else, or of a newer
// format, is refused too.
func Open(path string, opts *Options) (*Store, error) {
	s := &Store{
		path:        path,
		log:         slog.New(slog.DiscardHandler),
		now:         time.Now,
		queue:       newQueue(),
		stopped:     make(chan struct{}),
		turn:        make(chan struct{}, 1),
		index:       newIndex(),
		keepRemoved: keepRemoved,
	}
	s.update = s.transact
	if opts != nil {
		s.disk = opts.Write
		if opts.Logger != nil {
			s.log = opts.Logger
		}
		if opts.Now != nil {
			s.now = opts.Now
		}
	}
	// What compaction puts in the file's place must be where the file is, not
	// where a symbolic link to it is.
	if file, err := filepath.EvalSymlinks(path); err == nil {
		s.path = file
	}
	s.warnOfOthers(path)
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("lease: open %s: %w", path, err)
	}
	go s.run()
	return s, nil
}

// warnOfOthers tells whose leases these may come to be. The store is opened all
// the same: who shares a machine with nobody need not mind, and what a container
// is given to write to is often open to everybody in it.
func (s *Store) warnOfOthers(path string) {
	for _, err := range []error{exposed.Path(path), exposed.File(path)} {
		if err != nil {
			s.log.Warn("other users of this system can change the leases", "file", path, "reason", err)
		}
	}
}

func (s *Store) open() error {
	if _, err := os.Stat(s.path); errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(s.path); err == nil {
			return errors.New("it is a symbolic link that leads nowhere: remove it, or put back what it led to")
		}
		if err := create(s.path); err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	if err := s.inspect(); err != nil {
		return err
	}
	db, err := openFile(s.path, new(bbolt.Options))
	if err != nil {
		return err
	}
	err = removeTemporary(s.path)
	if err == nil {
		if err = db.do(func() error { return db.View(s.load) }); errors.Is(err, errFault) {
			err = fmt.Errorf("%w (%v)", ErrDamaged, err)
		}
	}
	if err != nil {
		return errors.Join(err, db.close())
	}
	s.db = db
	s.begin(s.update)
	return nil
}

// begin begins an epoch: nobody knows what was announced before the end of who
// had the file open, or whether it is a copy of an older one. If that cannot be
// written now, it is the same as after a failed commit.
func (s *Store) begin(update func(*bbolt.DB, func(*bbolt.Tx) error) error) {
	s.issued = s.header.revision
	if n := len(s.history); n > 0 {
		s.issued = max(s.issued, s.history[n-1].from)
	}
	s.history = s.history.begin(s.header.revision, s.issued)
	next := s.sealed()
	if err := s.db.do(func() error { return update(s.db.DB, s.state.write) }); err != nil {
		s.log.Warn("the lease file cannot be written", "file", s.path, "error", err)
		s.failed = &plan{header: next}
		return
	}
	s.header = next
}

// inspect looks at the structure of the file before it is trusted: bbolt
// follows whatever it finds in it, out of the file or round in circles. The
// file is opened for reading only meanwhile, which takes its lock but touches
// nothing else.
func (s *Store) inspect() error {
	db, err := openFile(s.path, &bbolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	err = func() error {
		f, err := os.Open(s.path)
		if err != nil {
			return err
		}
		defer f.Close()
		lone, err := inspectPages(f)
		if lone {
			s.log.Warn("one of the two headers of the lease file is damaged; the last commits may be missing", "file", s.path)
		}
		return err
	}()
	return errors.Join(err, db.close())
}

// load fills the index from the file.
func (s *Store) load(tx *bbolt.Tx) error {
	st, err := readState(tx)
	if err != nil {
		return err
	}
	h := st.header
	have := header{revision: h.revision, forgotten: h.forgotten, history: h.history, marks: h.marks, serverID: h.serverID}
	var last uint64
	var addrs addressList
	c := tx.Bucket(rowsBucket).Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		rev := revOf(k)
		if rev <= last || rev > h.revision {
			return fmt.Errorf("%w (row %x after row %d)", ErrDamaged, k, last)
		}
		last = rev
		r, err := verifyRow(rev, v)
		if err != nil {
			return fmt.Errorf("%w (row %d: %v)", ErrDamaged, rev, err)
		}
		if !s.index.slab.rows.roomFor(rowRoom(len(v)), true) {
			return errNoRoom
		}
		if id := s.index.enter(rev, &r, v); !r.removed {
			addrs.add(r.Key, id)
		}
		have.add(v)
	}
	s.index.addrs.fill(&addrs)
	// Of two rows with one key the index finds only the second.
	if have != h || s.index.addrs.len()+s.index.gone.len() != int(h.rows) {
		return fmt.Errorf("%w (%d rows, should be %d)", ErrDamaged, have.rows, h.rows)
	}
	s.state = st
	return nil
}

// readHeader reads the format and the header, and says what is wrong if the
// file is not what it should be.
func readHeader(tx *bbolt.Tx) (h header, err error) {
	meta, rows := tx.Bucket(metaBucket), tx.Bucket(rowsBucket)
	if meta == nil || rows == nil {
		return h, errForeign
	}
	switch f := meta.Get(formatKey); {
	case len(f) != 1 || f[0] == 0:
		return h, errForeign
	case f[0] > format:
		return h, fmt.Errorf("written by a newer version: format %d, this version knows %d", f[0], format)
	}
	h, err = parseHeader(bytes.Clone(meta.Get(headerKey)))
	if err != nil {
		return h, fmt.Errorf("%w (%v)", ErrDamaged, err)
	}
	return h, nil
}

// removeTemporary removes the copies that a killed process left beside the
// store. Nobody makes one now: the lock is ours.
func removeTemporary(path string) error {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), filepath.Base(path)+temporary) {
			if err := os.Remove(filepath.Join(filepath.Dir(path), e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
