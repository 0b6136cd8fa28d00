package ha

import (
	"context"
	"errors"
	"time"

	"github.com/dhcpha/dhcpha/lease"
)

// idleTime is how long there has been nothing to send before the receiver is
// told that it has everything, though changes were taken over meanwhile.
const idleTime = time.Second

// maxIdle is after how many of these it is made sure that the receiver is where
// it was.
const maxIdle = 10

// push sends the next message, if there is one: it is nil otherwise. There is a
// slot for it.
func (c *changeSender) push(ctx context.Context) (*outgoing, error) {
	if c.all != nil {
		return c.pushLeases()
	}
	if !c.placed() {
		return nil, errMisplaced
	}
	pos := c.store.Position()
	if err := c.take(ctx); err != nil {
		return nil, err
	}
	switch {
	case !c.placed():
		return nil, errMisplaced // a write has failed: what is taken may not have happened
	case len(c.taken) > 0:
		return c.pushTaken(ctx)
	case c.feed.acked() >= pos.Revision && pos != c.tail:
		return c.send(&outgoing{head: changesHead{to: pos}}, nil)
	}
	// While there is nothing to send, a receiver that is no longer where it was
	// would not be noticed.
	if c.idle++; c.idle < maxIdle && c.opts.asked() == c.asked {
		return nil, nil
	}
	c.idle, c.asked = 0, c.opts.asked()
	return c.send(&outgoing{head: changesHead{to: c.tail}}, nil)
}

// take takes what waits, unless something is taken that did not fit into a
// message.
func (c *changeSender) take(ctx context.Context) (err error) {
	if len(c.taken) > 0 {
		return nil
	}
	idle, cancel := context.WithTimeoutCause(ctx, idleTime, errIdle)
	defer cancel()
	if c.taken, c.upTo, err = c.feed.take(idle, maxChanges); errors.Is(err, errIdle) {
		return nil
	}
	return err
}

// What stands for the place in the message of a change that is not in it.
const (
	replaced   = -1 - iota // one of the receiver's has replaced it
	covered                // a full transfer has brought it
	unreadable             // there is no way to write it
)

// pushTaken sends as much of what is taken as fits into a message.
func (c *changeSender) pushTaken(ctx context.Context) (*outgoing, error) {
	epoch := c.store.Position().Epoch
	if err := c.opts.settled(ctx, c.taken); err != nil {
		return nil, err
	}
	// Changes are looked up after seen, so that each was decided in the knowledge of
	// all it covers: the receiver judges by that. Nor may one have been decided in
	// the knowledge of more.
	out := new(outgoing)
	var body bodyOf
	for newer := true; newer; newer = newer && c.opts.seen() != out.head.seen {
		out.head.seen = c.opts.seen()
		body, out.place, newer = c.write()
	}
	sent := len(out.place)
	out.head.to = lease.Position{Epoch: epoch, Revision: c.upTo}
	if sent < len(c.taken) {
		out.head.to.Revision = c.taken[sent].Lease.Revision - 1
	}
	out.taken, c.taken = c.taken[:sent], c.taken[sent:]
	return c.send(out, &body)
}

// write makes a message of what is taken, or of as much as fits. place is where
// in the message each is; newer says that some are not those that were taken.
func (c *changeSender) write() (body bodyOf, place []int, newer bool) {
	body.b = c.body[:0]
	defer func() { c.body = body.b }()
	for i := range c.taken {
		if body.full() {
			break
		}
		if !c.taken[i].Delete && c.taken[i].Lease.Revision <= c.covered {
			place = append(place, covered)
		} else if now, ok := c.current(c.taken[i]); ok {
			newer = newer || now.Lease.Revision != c.taken[i].Lease.Revision
			place = append(place, body.n)
			if err := body.add(&now); err != nil {
				c.opts.log.Error("a lease cannot be sent", "error", err)
				place[i] = unreadable
			}
		} else {
			place = append(place, replaced)
		}
	}
	return body, place, newer
}

// current returns a change as it is by now. It may not be durable yet, and so
// not seen in the store. False: one of the receiver's has replaced it.
func (c *changeSender) current(taken lease.Change) (lease.Change, bool) {
	last, ok := c.store.Last(taken.Lease.Key())
	if !ok || last.Lease.Revision <= taken.Lease.Revision {
		return taken, true
	}
	return last, last.Source == 0
}
