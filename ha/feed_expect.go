package ha

import (
	"context"
	"errors"

	"github.com/dhcpha/dhcpha/lease"
)

var (
	// errRejected says that a peer has another holder of a lease.
	errRejected = errors.New("the lease is another client's at the other server")

	// errUnacknowledged says that a peer has not acknowledged a change.
	errUnacknowledged = errors.New("not acknowledged by the other server")
)

// expectation is what a Commit waits for: that a peer has its changes. It is
// made before they are committed, since the answer of the peer may come first.
type expectation struct {
	feed    *feed
	parts   []part
	room    [1]part       // for parts: nearly always there is one
	settled chan struct{} // holds an element if somebody waits although it is over

	// Under the feed's lock, and fixed once over.
	committed bool
	awaited   bool // somebody waits until over
	over      bool // err counts
	err       error

	ended bool // the feed does not know of it any more
}

// part is one lease of an expectation.
type part struct {
	of    *expectation
	lease *feedEntry
	next  *part  // of the same lease
	rev   uint64 // of the change whose answer is waited for; 0: none yet
	done  bool   // the peer has it
}

// expect begins to wait for the answers about leases that are about to be
// changed, until end.
func (f *feed) expect(changes []lease.Change) *expectation {
	x, _ := f.ended.Get().(*expectation)
	if x == nil {
		x = &expectation{feed: f, settled: make(chan struct{}, 1)}
	}
	if x.parts = x.room[:0]; len(changes) > cap(x.parts) {
		x.parts = make([]part, 0, len(changes)) // which stays where it is
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range changes {
		e := f.entry(changes[i].Lease.Key())
		if e.parts != nil && e.parts.of == x {
			continue // the same lease again
		}
		x.parts = append(x.parts, part{of: x, lease: e, next: e.parts})
		e.parts = &x.parts[len(x.parts)-1]
	}
	f.expected++
	return x
}

// end takes the expectation back, which must not be used any more.
func (x *expectation) end() {
	if !x.ended {
		x.feed.mu.Lock()
		x.forget()
		x.feed.mu.Unlock()
	}
	if x.awaited {
		select {
		case <-x.settled: // its ctx has ended first
		default:
		}
	}
	*x = expectation{feed: x.feed, settled: x.settled}
	x.feed.ended.Put(x)
}

// forget lets the feed know nothing of the expectation.
func (x *expectation) forget() {
	for i := range x.parts {
		p := &x.parts[i]
		place := &p.lease.parts
		for *place != p {
			place = &(*place).next
		}
		*place = p.next
		x.feed.tidy(p.lease)
	}
	x.feed.expected--
	x.ended = true
}

// wait returns nil once the peer has the changes, which have been committed.
// Otherwise it returns errRejected, errUnacknowledged or the cause of the end
// of ctx.
func (x *expectation) wait(ctx context.Context) error {
	if !x.begin() {
		select {
		case <-x.settled:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return x.err
}

// begin begins to wait, and says whether it is over already.
func (x *expectation) begin() bool {
	f := x.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	x.committed = true
	for i := range x.parts {
		f.adopt(&x.parts[i])
	}
	x.check()
	if f.shut || f.away {
		x.settle(errUnacknowledged)
	}
	switch {
	case !x.over:
		x.awaited = true
	case !x.ended:
		x.forget()
	}
	return x.over
}

// adopt lets a part for which there was nothing to change wait for what the
// peer has not been told yet of the lease.
func (f *feed) adopt(p *part) {
	if p.rev != 0 {
		return
	}
	switch e := p.lease; {
	case e.refused != 0:
		p.of.settle(errUnacknowledged)
	case e.waits:
		p.rev = e.revision()
	case e.flies:
		p.rev = e.flight.rev
	}
}

func (x *expectation) settle(err error) {
	if !x.over {
		x.over, x.err = true, err
		if x.awaited {
			x.settled <- struct{}{}
		}
	}
}

// check settles the expectation if the peer has everything.
func (x *expectation) check() {
	if !x.committed {
		return
	}
	for i := range x.parts {
		if p := &x.parts[i]; p.rev != 0 && !p.done {
			return
		}
	}
	x.settle(nil)
}

// bind lets those who are about to change a lease wait for the answer about a
// change that is announced: which of several changes is whose is not known, and
// the last includes the others. One made elsewhere replaces theirs.
func (f *feed) bind(e *feedEntry, c *lease.Change, wanted bool) {
	for p := e.parts; p != nil; p = p.next {
		switch {
		case wanted:
			if !p.of.committed || p.rev == 0 {
				p.rev, p.done = c.Lease.Revision, false
			}
		case p.rev != 0 && c.Source != 0:
			p.of.settle(errRejected)
		}
	}
}

// settle tells those who wait for the answer about a change, or an earlier one
// of the same lease, and says whether there are any.
func (f *feed) settle(e *feedEntry, rev uint64, err error) bool {
	any := false
	for p := e.parts; p != nil; p = p.next {
		if p.rev == 0 || p.rev > rev || p.of.over {
			continue
		}
		any = true
		switch {
		case err == nil:
			p.done = true
			p.of.check()
		case errors.Is(err, errRejected):
			p.of.settle(errRejected)
		default:
			p.of.settle(errUnacknowledged)
		}
	}
	return any
}

// giveUp ends all waiting: the peer cannot be reached.
func (f *feed) giveUp() {
	if f.expected == 0 {
		return
	}
	for _, e := range f.leases {
		for p := e.parts; p != nil; p = p.next {
			if p.rev != 0 && !p.done {
				p.of.settle(errUnacknowledged)
			}
		}
	}
}

// awaited says whether somebody waits, or is about to, for the peer's answer
// about a change of the lease.
func (f *feed) awaited(k lease.Key) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if e := f.leases[k]; e != nil {
		for p := e.parts; p != nil; p = p.next {
			if p.rev != 0 && !p.of.over {
				return true
			}
		}
	}
	return false
}

// confirmed says whether the peer has a lease as it is here.
func (f *feed) confirmed(k lease.Key, rev uint64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if e := f.leases[k]; e != nil && (e.refused != 0 || e.waits || e.flies) {
		return false
	}
	return (f.redo == 0 || rev < f.redo) && (rev <= f.read || f.read == f.announced)
}

// lose tells those who wait for an answer about the lease that the peer's own
// change of it has won.
func (f *feed) lose(k lease.Key) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if e := f.leases[k]; e != nil {
		for p := e.parts; p != nil; p = p.next {
			if p.rev != 0 {
				p.of.settle(errRejected)
			}
		}
	}
}
