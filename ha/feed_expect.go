package ha

import (
	"context"
	"errors"
	"slices"

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
	feed      *feed
	parts     []part
	committed bool
	err       error
	settled   chan struct{} // closed once err counts
}

// part is one lease of an expectation.
type part struct {
	of   *expectation
	key  lease.Key
	rev  uint64 // of the change whose answer is waited for; 0: none yet
	done bool   // the peer has it
}

// expect begins to wait for the answers about leases that are about to be
// changed.
func (f *feed) expect(changes []lease.Change) *expectation {
	e := &expectation{feed: f, parts: make([]part, 0, len(changes)), settled: make(chan struct{})}
	for i := range changes {
		k := changes[i].Lease.Key()
		if !slices.ContainsFunc(e.parts, func(p part) bool { return p.key == k }) {
			e.parts = append(e.parts, part{of: e, key: k})
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range e.parts {
		p := &e.parts[i]
		f.parts[p.key] = append(f.parts[p.key], p)
	}
	return e
}

// end takes the expectation back.
func (e *expectation) end() {
	f := e.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range e.parts {
		k := e.parts[i].key
		rest := slices.DeleteFunc(f.parts[k], func(p *part) bool { return p.of == e })
		if len(rest) == 0 {
			delete(f.parts, k)
		} else {
			f.parts[k] = rest
		}
	}
}

// wait returns nil once the peer has the changes, which have been committed.
// Otherwise it returns errRejected, errUnacknowledged or the cause of the end
// of ctx.
func (e *expectation) wait(ctx context.Context) error {
	e.feed.mu.Lock()
	e.committed = true
	for i := range e.parts {
		e.feed.adopt(&e.parts[i])
	}
	e.check()
	if e.feed.shut || e.feed.away {
		e.settle(errUnacknowledged)
	}
	e.feed.mu.Unlock()
	select {
	case <-e.settled:
		return e.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// adopt lets a part for which there was nothing to change wait for what the
// peer has not been told yet of the lease.
func (f *feed) adopt(p *part) {
	if p.rev != 0 {
		return
	}
	if _, refused := f.refused[p.key]; refused {
		p.of.settle(errUnacknowledged)
	} else if e := f.waiting[p.key]; e != nil {
		p.rev = e.change.Lease.Revision
	} else if fl, ok := f.flying[p.key]; ok {
		p.rev = fl.rev
	}
}

func (e *expectation) settle(err error) {
	if !e.over() {
		e.err = err
		close(e.settled)
	}
}

func (e *expectation) over() bool {
	select {
	case <-e.settled:
		return true
	default:
		return false
	}
}

// check settles the expectation if the peer has everything.
func (e *expectation) check() {
	if e.committed && !slices.ContainsFunc(e.parts, func(p part) bool { return p.rev != 0 && !p.done }) {
		e.settle(nil)
	}
}

// bind lets those who are about to change a lease wait for the answer about a
// change that is announced: which of several changes is whose is not known, and
// the last includes the others. One made elsewhere replaces theirs.
func (f *feed) bind(c *lease.Change) {
	for _, p := range f.parts[c.Lease.Key()] {
		switch {
		case f.wants(c):
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
func (f *feed) settle(k lease.Key, rev uint64, err error) bool {
	any := false
	for _, p := range f.parts[k] {
		if p.rev == 0 || p.rev > rev || p.of.over() {
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
	for _, parts := range f.parts {
		for _, p := range parts {
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
	return slices.ContainsFunc(f.parts[k], func(p *part) bool { return p.rev != 0 && !p.of.over() })
}

// confirmed says whether the peer has a lease as it is here.
func (f *feed) confirmed(k lease.Key, rev uint64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, refused := f.refused[k]
	return !refused && (f.redo == 0 || rev < f.redo) &&
		f.waiting[k] == nil && f.flying[k] == nil && (rev <= f.read || f.read == f.announced)
}

// lose tells those who wait for an answer about the lease that the peer's own
// change of it has won.
func (f *feed) lose(k lease.Key) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.parts[k] {
		if p.rev != 0 {
			p.of.settle(errRejected)
		}
	}
}
