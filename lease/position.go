package lease

import (
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
)

// Position is a place in the history of a store, to be compared with other
// places by Store.Locate only. The zero Position is a place in none.
//
// A revision alone does not name a place: a store that loses its end, because
// the machine failed or an older copy of the file was put back, gives out the
// same numbers again. So each stretch of history within which that cannot have
// happened has a random number of its own.
type Position struct {
	Epoch    uint64 // the stretch
	Revision uint64 // of the last change before the place
}

// maxEpochs bounds the memory of a history: 24 kB. Every Open takes a place in
// it, and every write that failed after one that did not.
const maxEpochs = 1000

// history is the epochs of a store, the oldest first. It is never changed.
type history []epoch

type epoch struct {
	id    uint64
	start uint64 // the last revision that is common with the epoch before
	from  uint64 // revisions after start up to this one are not in the epoch
}

// begin returns the history with a new epoch that starts after the latest
// change, at, when revisions up to issued have been given out.
func (h history) begin(at, issued uint64) history {
	next := append(slices.Clone(h), epoch{id: 1 + rand.Uint64N(math.MaxUint64), start: at, from: issued})
	return next[max(0, len(next)-maxEpochs):]
}

// void returns the history after changes up to revision issued were given out
// and then not made. An epoch in which nothing has been made yet goes on, so
// that a disk that stays full does not push out the history.
func (h history) void(at, issued uint64) history {
	if h[len(h)-1].start != at {
		return h.begin(at, issued)
	}
	next := slices.Clone(h)
	next[len(next)-1].from = issued
	return next
}

// locate is Store.Locate when revisions up to issued have been given out.
func (h history) locate(p Position, issued uint64) (rev uint64, ok bool) {
	for i, e := range h {
		if e.id != p.Epoch {
			continue
		}
		end := issued
		if i+1 < len(h) {
			end = h[i+1].start
		}
		if rev = min(p.Revision, end); rev <= e.from {
			rev = min(rev, e.start)
		}
		return rev, true
	}
	return 0, false
}

func (h history) encode() (b []byte) {
	for _, e := range h {
		for _, n := range [...]uint64{e.id, e.start, e.from} {
			b = binary.BigEndian.AppendUint64(b, n)
		}
	}
	return b
}

func parseHistory(b []byte) (h history, err error) {
	const each = 3 * 8
	if len(b)%each != 0 {
		return nil, errors.New("history ends early")
	}
	for ; len(b) > 0; b = b[each:] {
		h = append(h, epoch{
			id:    binary.BigEndian.Uint64(b),
			start: binary.BigEndian.Uint64(b[8:]),
			from:  binary.BigEndian.Uint64(b[16:]),
		})
	}
	return h, nil
}

// Position returns the place after the latest change. The history up to there
// is durable.
func (s *Store) Position() Position {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return Position{s.history[len(s.history)-1].id, s.header.revision}
}

// Locate finds a place in this store's history: it returns the last revision
// before the place that is part of it. That is p.Revision, unless the store
// has lost what followed: changes that were announced and never became
// durable, or all since the copy of the file was made that has been put back.
// Changes that are being written are taken for part of it.
//
// False: the place is in no history that this store knows of. It knows its
// last 1000 epochs, which begin with each Open and with failed writes.
func (s *Store) Locate(p Position) (rev uint64, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.history.locate(p, s.issued)
}
