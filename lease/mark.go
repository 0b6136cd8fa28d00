package lease

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// maxMark bounds the name of a mark, in bytes.
const maxMark = 255

// marks are places in the histories of other stores, by name. They are never
// changed.
type marks map[string]Position

// with returns the marks with one of them set.
func (m marks) with(name string, p Position) marks {
	next := maps.Clone(m)
	if next == nil {
		next = marks{}
	}
	if next[name] = p; p == (Position{}) {
		delete(next, name)
	}
	return next
}

func (m marks) encode() (b []byte) {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		b = append(b, byte(len(name)))
		b = append(b, name...)
		b = binary.BigEndian.AppendUint64(b, m[name].Epoch)
		b = binary.BigEndian.AppendUint64(b, m[name].Revision)
	}
	return b
}

func parseMarks(b []byte) (marks, error) {
	m := marks{}
	for len(b) > 0 {
		n := 1 + int(b[0])
		if len(b) < n+16 {
			return nil, errors.New("marks end early")
		}
		m[string(b[1:n])] = Position{binary.BigEndian.Uint64(b[n:]), binary.BigEndian.Uint64(b[n+8:])}
		b = b[n+16:]
	}
	return m, nil
}

// Mark returns the durable mark of a name, see CommitMark. Zero: there is none.
func (s *Store) Mark(name string) Position {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.marks[name]
}

// CommitMark is Commit, with a place in the history of another store that is
// made durable together with the changes: up to there all has been taken over
// from that store (or told to it, as the name has it). Of several at the same
// time the last that succeeds counts. The zero Position removes the mark. A
// name has 1 to 255 bytes.
func (s *Store) CommitMark(ctx context.Context, name string, p Position, changes ...Change) error {
	prepared, err := Prepare(changes)
	if err != nil {
		return err
	}
	return s.CommitPrepared(ctx, name, p, prepared)
}

// Prepared is changes that have been checked and encoded.
type Prepared struct{ *request }

// Prepare does the part of CommitMark that needs no store, so that it can be
// done while other changes are being written. The changes are not used after
// it.
func Prepare(changes []Change) (Prepared, error) {
	r, err := newRequest(changes)
	return Prepared{r}, err
}

// CommitPrepared is CommitMark with prepared changes. They can be committed
// once, whether that succeeds or not.
func (s *Store) CommitPrepared(ctx context.Context, name string, p Position, changes Prepared) error {
	if len(name) == 0 || len(name) > maxMark {
		return fmt.Errorf("lease: commit mark: a name of %d bytes is not 1 to %d long", len(name), maxMark)
	}
	r := changes.request
	r.mark, r.place = name, p
	return s.submit(ctx, r)
}
