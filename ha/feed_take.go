package ha

import (
	"context"
	"errors"

	"github.com/dhcpha/dhcpha/lease"
)

// take waits for changes that the peer is to be told and returns up to max of
// them, oldest first. Of a lease of which a change is on its way it takes no
// other; nor then what comes after that, unless the order does not matter to the
// peer (see setEcho). Once the peer has the batch it has everything up to
// revision upTo, unless other batches are on their way. Each batch is to be given
// to done. It is empty if somebody has nudged.
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
		case <-f.nudged:
			return nil, 0, nil
		case <-ctx.Done():
		}
	}
}

// pick takes what is there; behind says that there may be more in the store.
func (f *feed) pick(max int) (batch []lease.Change, upTo uint64, behind bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	picked, barred := f.first(max)
	for len(picked) < max && !barred && f.read < f.announced && !f.shut {
		f.catchUp()
		f.mu.Unlock() // announcements must not wait for all of it
		f.mu.Lock()
		picked, barred = f.first(max)
	}
	if f.shut {
		return nil, 0, false
	}
	if len(picked) > 0 {
		batch = make([]lease.Change, 0, len(picked))
	}
	for _, e := range picked {
		f.launch(e)
		if e.stale {
			e.change = f.lookUp(e.key, e.revision())
		}
		batch = append(batch, e.change)
	}
	behind = f.read < f.announced && !barred
	if len(picked) > 0 && (f.waiting > 0 || behind) {
		f.signal() // there may be more for somebody else
	}
	f.checkDrains()
	return batch, f.upTo(), behind
}

// first returns the oldest changes that may be taken, up to max of them, and
// whether one that may not bars what comes after it. They are valid until it is
// called again.
func (f *feed) first(max int) (picked []*feedEntry, barred bool) {
	f.picked = f.picked[:0]
	for e := range f.order.all {
		if len(f.picked) == max {
			break
		}
		if !e.flies {
			f.picked = append(f.picked, e)
		} else if !f.echo {
			return f.picked, true
		}
	}
	return f.picked, false
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
	heedsTaken := f.heedsTaken == nil || f.heedsTaken()
	var told []int // of which answered is told
	f.mu.Lock()
	unreached := false
	for i := range batch {
		c := &batch[i]
		e := f.leases[c.Lease.Key()]
		fl := f.land(e)
		err := result(i)
		if awaited := f.settle(e, c.Lease.Revision, err); (awaited || fl.tell) && (err != nil || heedsTaken) {
			told = append(told, i)
		}
		newer := e.waits || fl.crossed != 0
		switch {
		case err == nil:
			f.delivered++
		case errors.Is(err, errRejected) || errors.Is(err, errUnacknowledged):
			f.refusals++
			if !newer {
				f.refuse(e, &fl) // the lease here is not the one there
			}
		default:
			unreached = true
			if !newer {
				f.put(e, c, fl.stale, false)
			}
		}
		if fl.crossed != 0 && f.echo && !e.waits {
			f.putKey(e, fl.crossed)
		}
		f.tidy(e)
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
	for _, i := range told {
		f.answered(batch[i], result(i))
	}
}
