package ha

import "github.com/dhcpha/dhcpha/lease"

// tell sends a message without changes and waits for the answer.
func (c *changeSender) tell(head changesHead) error {
	c.tail = c.mark
	c.slots <- struct{}{}
	out, err := c.send(&outgoing{head: head}, nil)
	<-c.flying
	return c.pull(out, err)
}

// ask finds out where the receiver stands.
func (c *changeSender) ask() error {
	c.mark, c.aligned = lease.Position{}, false
	return c.tell(changesHead{})
}

// align makes sure that the receiver's mark is in our history and the feed goes
// on from there, or begins with a full transfer.
func (c *changeSender) align() error {
	if c.all != nil && c.all.over {
		return c.sentAll()
	}
	if c.all != nil || c.aligned && c.placed() {
		return nil
	}
	rev, known := c.store.Locate(c.mark)
	ahead := rev < c.mark.Revision
	epoch := c.store.Position().Epoch
	if !known || ahead {
		if err := c.tell(changesHead{rewind: true, to: lease.Position{Epoch: epoch, Revision: rev}}); err != nil {
			return err
		}
	}
	c.tail, c.covered = c.mark, 0
	if rev == 0 && c.store.Revision() > 0 || c.store.Forgotten() > rev || ahead && c.opts.backup {
		c.feed.restart(0) // until then the receiver does not have what it seems to
		c.sendAll(rev, known)
		return nil
	}
	return c.follow(c.feed.acked() != c.mark.Revision)
}

// follow lets the feed go on from the receiver's mark.
func (c *changeSender) follow(restart bool) error {
	if c.tail = c.mark; !c.placed() {
		return errMisplaced
	}
	if restart {
		c.feed.restart(c.mark.Revision)
	}
	c.aligned = true
	c.opts.gaveBack(c.position)
	return nil
}

// placed says whether the receiver's mark, once it has all that was sent, is in
// our history, and all removals since are known.
func (c *changeSender) placed() bool {
	rev, ok := c.store.Locate(c.tail)
	return ok && rev == c.tail.Revision && c.store.Forgotten() <= rev
}
