package lease

import (
	"context"
	"errors"
	"math"
)

// Change is one lease as it is to be, or the removal of one.
type Change struct {
	Lease  Lease // with Delete only its Type and Addr count
	Delete bool

	// If guards the change against what happened since it was decided.
	// Zero: change whatever is there. Absent: only if no lease is there.
	// Any other number: only if the lease there has this Revision.
	If uint64
}

// Absent as Change.If demands that there is no such lease yet.
const Absent uint64 = math.MaxUint64

// Committer makes lease changes safe before a client is told of them.
// *Store is one; so is whatever stands around a store to replicate it.
type Committer interface {
	// Commit returns nil once all changes are durable; they are applied
	// together or not at all. It may be called by many goroutines at the
	// same time, which is what makes it fast.
	//
	// ErrConflict: a change's If did not hold. ErrClosed: the committer no
	// longer takes changes. Any other error: the changes are not durable and
	// no client may be told of them. When ctx ends first Commit returns its
	// cause; the changes may or may not become durable.
	Commit(ctx context.Context, changes ...Change) error
}

var (
	// ErrConflict is returned by Commit for a change whose If does not hold.
	ErrConflict = errors.New("lease changed meanwhile")

	// ErrClosed is returned by all methods of what has been closed.
	ErrClosed = errors.New("closed")
)
