package ha

import (
	"sync/atomic"

	"github.com/dhcpha/dhcpha/lease"
)

// stream is what is known of one sender: up to where this server has its changes,
// and what goes on between the two.
type stream struct {
	turn chan struct{} // holds an element while a message is dealt with

	asked atomic.Uint64 // how often the sender has asked where this server stands
	begun atomic.Int32  // how many of its messages have come and are not answered

	// Changed in a turn, but for owed, and under the receiver's lock.
	mark     lease.Position
	moves    uint64         // how many messages have been taken over: what was judged before the last one may be judged otherwise now
	saved    lease.Position // the mark in the store, which what had no changes does not move
	left     uint64         // the epoch before that of the mark: nothing of it is still to come; 0: none
	transfer *transferred   // nil: none goes on

	unsettled map[lease.Key]bool // see settled
	resolved  chan struct{}      // closed when there are none any more

	owed *lease.Position // where the sender had given back what this server had lost; nil: it has not
}

// lazyMarks is how many revisions a mark may be ahead of the durable one. The
// sender must remember removals for so long.
const lazyMarks = 10_000

// markOf is the name under which the store remembers a sender's mark.
func markOf(sender string) string { return "from/" + sender }

func (r *receiver) stream(sender string) *stream {
	r.mu.Lock()
	defer r.mu.Unlock()
	st := r.streams[sender]
	if st == nil {
		at := r.store.Mark(markOf(sender))
		st = &stream{turn: make(chan struct{}, 1), mark: at, saved: at}
		r.streams[sender] = st
	}
	return st
}

// applied returns the mark of a sender, which must be another server of the
// relationship.
func (r *receiver) applied(sender string) lease.Position {
	st := r.stream(sender)
	r.mu.Lock()
	defer r.mu.Unlock()
	if at := r.store.Mark(markOf(sender)); at != st.saved {
		return at // the leases that came with it can be seen already
	}
	return st.mark
}

// asked returns how often a server has asked where this one stands, as it does
// when it starts.
func (r *receiver) asked(sender string) uint64 { return r.stream(sender).asked.Load() }

// gaveBack notes that a server has given back what this one had lost, and where
// it was in its own history then.
func (r *receiver) gaveBack(sender string, at lease.Position) {
	st := r.stream(sender)
	r.mu.Lock()
	defer r.mu.Unlock()
	st.owed = &at
}

// reached says whether all that a server had at a position of its history has
// been taken over, except for what it has lost again; and all that this server
// had lost before.
func (r *receiver) reached(sender string, p lease.Position) bool {
	st := r.stream(sender)
	r.mu.Lock()
	defer r.mu.Unlock()
	return st.owed != nil && st.covers(*st.owed) && st.covers(p)
}

// has says whether all that a server had at a position of its history has been
// taken over.
func (r *receiver) has(sender string, p lease.Position) bool {
	st := r.stream(sender)
	r.mu.Lock()
	defer r.mu.Unlock()
	return st.covers(p)
}

// covers says whether the mark has come as far as a position, or has left its epoch.
func (st *stream) covers(p lease.Position) bool {
	return st.mark.Epoch == p.Epoch && st.mark.Revision >= p.Revision || st.left != 0 && st.left == p.Epoch
}

func (r *receiver) movesOf(st *stream) uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return st.moves
}

// overdue says whether a mark has to be written though nothing has changed.
func (r *receiver) overdue(st *stream, to lease.Position) bool {
	return to.Epoch != st.saved.Epoch || to.Revision-st.saved.Revision >= lazyMarks
}

// move moves the mark of a sender, whose changes have been taken; saved says that
// the store has been given it.
func (r *receiver) move(st *stream, sender string, to lease.Position, transfer *transferred, saved bool, taken []lease.Change) {
	r.mu.Lock()
	if to.Epoch != st.mark.Epoch {
		st.left = st.mark.Epoch
		if st.owed != nil && st.owed.Epoch != to.Epoch {
			st.owed = &to // before, or lost by the sender
		}
	} else if to.Revision < st.mark.Revision && st.owed != nil && st.owed.Epoch == to.Epoch && st.owed.Revision > to.Revision {
		st.owed = &to // lost by the sender, whose epoch goes on as nothing has been made in it yet
	}
	st.mark, st.transfer = to, transfer
	st.moves++
	if saved {
		st.saved = to
	}
	r.mu.Unlock()
	r.opts.moved(sender, taken)
}
