package ha

import (
	"context"
	"errors"

	"github.com/dhcpha/dhcpha/lease"
)

// take waits for changes that the peer is to be told and returns up to max of
// them, oldest first. It leaves out leases of which a change is on its way. Once
// the peer has the batch it has everything up to revision upTo, unless other
// batches are on their way. Each batch is to be given to done.
//
// The error is the cause of the end of ctx.
func (f *feed) take(ctx context.Context, max int) (batch []lease.Change, upTo uint64, err error) {
	for {
		if ctx.Err() != nil {
			return nil, 0, context.Cause(ctx)
		}
		batch, upTo, behind := f.pick(max)
		if len(batch) > 0 {
			return batch, upTo, nil
		}
		if behind {
			continue
		}
		select {
		case <-f.wake:
		case <-ctx.Done():
		}
	}
}

// pick takes what is there; behind says that there may be more in the store.
func (f *feed) pick(max int) (batch []lease.Change, upTo uint64, behind bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	picked := f.first(max)
	for len(picked) < max && f.read < f.announced && !f.shut {
		f.catchUp()
		f.mu.Unlock() // announcements must not wait for all of it
		f.mu.Lock()
		picked = f.first(max)
	}
	if f.shut {
		return nil, 0, false
	}
	for _, e := range picked {
		k, rev := e.change.Lease.Key(), e.change.Lease.Revision
		f.remove(k)
		f.flying[k] = &flight{rev: rev, stale: e.stale, tell: e.fresh && f.tell}
		if e.stale {
			e.change = f.lookUp(k, rev)
		}
		batch = append(batch, e.change)
	}
	behind = f.read < f.announced
	if len(picked) > 0 && (len(f.waiting) > 0 || behind) {
		f.signal() // there may be more for somebody else
	}
	f.checkDrains()
	return batch, f.upTo(), behind
}

// first returns the oldest changes that may be taken, up to max of them.
func (f *feed) first(max int) (picked []*entry) {
	f.order.Scan(func(_ uint64, e *entry) bool {
		if _, busy := f.flying[e.change.Lease.Key()]; !busy {
			picked = append(picked, e)
		}
		return len(picked) < max
	})
	return picked
}

// lookUp returns the last change of a lease, be it durable or not, under the
// revision of what was to be told of it.
func (f *feed) lookUp(k lease.Key, rev uint64) lease.Change {
	c, ok := f.store.Last(k)
	for i := range f.last {
		if a := &f.last[i]; a.Lease.Key() == k && a.Lease.Revision >= c.Lease.Revision {
			c, ok = *a, true
		}
	}
	if !ok {
		c = lease.Change{Lease: lease.Lease{Type: k.Type, Addr: k.Addr}, Delete: true}
	}
	c.Lease.Revision = rev
	return c
}

// done says what has become of a batch that was taken. result of the i-th is
//
//   - nil: the peer has it;
//   - errRejected: the peer has another holder of the lease; it is sent again
//     after retry unless the peer is of this kind, and so will say whose it is.
//     Until then the lease is not confirmed;
//   - errUnacknowledged: the peer refuses it, it is sent again after retry;
//   - anything else: the peer was not reached, it is sent again.
func (f *feed) done(batch []lease.Change, result func(i int) error) {
	told := make([]bool, len(batch))
	f.mu.Lock()
	unreached := false
	for i := range batch {
		c := &batch[i]
		k, rev := c.Lease.Key(), c.Lease.Revision
		fl := f.flying[k]
		delete(f.flying, k)
		err := result(i)
		told[i] = f.settle(k, rev, err) || fl.tell
		newer := f.waiting[k] != nil || fl.crossed != 0
		switch {
		case err == nil:
			f.delivered++
		case errors.Is(err, errRejected) || errors.Is(err, errUnacknowledged):
			f.refusals++
			if !newer {
				f.refuse(k, fl) // the lease here is not the one there
			}
		default:
			unreached = true
			if !newer {
				f.put(*c, fl.stale, false)
			}
		}
		if fl.crossed != 0 && f.echo && f.waiting[k] == nil {
			f.putKey(k, fl.crossed)
		}
		if err != nil {
			f.endDrains(err)
		}
	}
	if unreached {
		f.giveUp()
	}
	f.checkDrains()
	f.signal()
	f.mu.Unlock()

	if f.answered == nil {
		return
	}
	for i := range batch {
		if told[i] {
			f.answered(batch[i], result(i))
		}
	}
}

// refuse remembers a lease that the peer has refused.
func (f *feed) refuse(k lease.Key, fl *flight) {
	switch {
	case len(f.refused) < f.limit || fl.stale: // the store may not have it after the revision
		f.refused[k] = fl.rev
	case f.redo == 0:
		f.redo = fl.rev
	default:
		f.redo = min(f.redo, fl.rev)
	}
}
