package lease

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"go.etcd.io/bbolt"
)

// Options for Open; the zero value is good.
type Options struct {
	Logger *slog.Logger // nil: nothing is logged

	// Now is the clock by which leases end, also for the Allocators and the
	// Reclaimers of the store; nil: time.Now.
	Now func() time.Time

	// Write is called for each transaction with what writes it to the file and
	// syncs it. It has to call that once and may take its time before and after
	// it; or it returns an error without doing so, as that of a disk which is
	// full. An error after write is that of a disk which has not synced: what
	// was written may be there or not. Tests play a disk that fails by it. Nil:
	// write is called.
	Write func(write func() error) error
}

// Store keeps leases durably in one file and answers every question about
// them from memory. All methods may be called by many goroutines at once. A
// lease that a method returns belongs to the caller.
//
// After Close questions are still answered, changes are refused.
type Store struct {
	path string
	log  *slog.Logger
	now  func() time.Time
	disk func(write func() error) error // Options.Write, or nil

	queue   *queue
	stopped chan struct{} // closed when the writer has returned

	// turn is held, by putting a token in, by who writes to the file or
	// wants nobody to. It is a channel so that one may wait for it for long.
	// It guards db, failed, copies and announcers; and since the index and
	// the state are only changed by who holds it, its holder may read them
	// without the lock.
	turn       chan struct{}
	db         *database // nil: could not be opened again after a failure
	failed     *plan     // not nil: the last transaction, if it failed
	copies     []*copying
	announcers []*Announcer

	mu    sync.RWMutex
	index *index
	// The header, the marks and the server's identifier are those of the
	// file. The history is ahead of it after a failure, until recover has
	// written it.
	state
	issued    uint64 // the highest revision ever given out
	observers []*observer

	// touched is where the store would stand for each key after the steps
	// of the plan that is being made. It had touchedRoom entries at most.
	touched     map[addrPlace]place
	touchedRoom int

	keepRemoved int // how many removed leases are remembered

	// update runs a transaction; tests make it fail.
	update func(*bbolt.DB, func(*bbolt.Tx) error) error
}

var _ Committer = (*Store)(nil)

// keepRemoved bounds the memory that removed leases take: about 20 MB.
const keepRemoved = 100_000

// Close ends the store, after the commits that already wait are durable. It
// may be called more than once.
func (s *Store) Close() error {
	s.queue.close()
	<-s.stopped
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	var err error
	if s.failed != nil {
		// The file may hold what nobody was promised.
		err = s.recover()
	}
	err = errors.Join(err, s.closeDB())
	if err != nil {
		return fmt.Errorf("lease: close %s: %w", s.path, err)
	}
	return nil
}

// clock returns the time by which leases end.
func (s *Store) clock() time.Time { return s.now() }
