package lease

import (
	"context"
	"errors"
	"math"
)

// Change is one lease as it is to be, or the removal of one.
type Change struct {
	// Lease is the lease. With Delete only its Type, its Addr and its CLTT
	// count: the CLTT is when the removal was decided, in Unix seconds, to be
	// compared with that of the lease elsewhere. 0: now, or as late as the
	// lease that is removed, if that is later and came from another server.
	Lease  Lease
	Delete bool

	// Source says where the change was made. Zero: here, so that it is to be
	// told to other servers. Anything else: at another server, whose revision
	// of the change it is, or Foreign; such a change is told to nobody.
	Source uint64

	// If guards the change against what happened since it was decided.
	// Zero: change whatever is there. Absent: only if no lease is there.
	// Any other number: only if the lease there has this Revision.
	If uint64
}

// Removal returns the change that removes the lease, decided now.
func Removal(l Lease) Change {
	l.CLTT = 0
	return Change{Lease: l, Delete: true}
}

// Absent as Change.If demands that there is no such lease yet.
const Absent uint64 = math.MaxUint64

// Foreign as Change.Source is for a change made elsewhere of which no revision
// is known, and for one that every server makes by itself.
const Foreign uint64 = math.MaxUint64

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

// Confirmer is a Committer that may have made a change although Commit has
// failed, since others were to know of it too.
type Confirmer interface {
	// Confirmed says whether the lease as it is now is as safe as a Commit
	// that has succeeded would make it. Who answers a client by a lease
	// without committing it anew asks before.
	Confirmed(l Lease) bool
}

var (
	// ErrConflict is returned by Commit for a change whose If does not hold.
	ErrConflict = errors.New("lease changed meanwhile")

	// ErrClosed is returned by all methods of what has been closed.
	ErrClosed = errors.New("closed")
)
