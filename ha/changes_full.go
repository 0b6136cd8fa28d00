package ha

import (
	"context"
	"net/netip"

	"github.com/dhcpha/dhcpha/lease"
)

// sendAll sends all leases, or the rest of them, to a receiver whose mark was
// found at a revision.
func (c *changeSender) sendAll(ctx context.Context, from uint64, prune bool) error {
	now := c.store.Position()
	to, at := lease.Position{Epoch: now.Epoch, Revision: c.removedAfter(from, now.Revision)}, span{prune: prune}
	c.covered = now.Revision
	if t := c.transfer; t != nil {
		if rev, ok := c.store.Locate(t.to); ok && rev == t.to.Revision && c.store.Forgotten() <= rev {
			to, at.after = t.to, t.through
			c.covered = 0 // when it began is not known
		}
	}
	c.opts.log.Info("all leases are sent", "revision", now.Revision)
	for {
		var body bodyOf
		head := &changesHead{to: to, seen: c.opts.seen(), full: &at}
		at.through = c.addAll(&body, at.after, !prune && c.told(head.seen))
		if _, err := c.send(ctx, head, &body); err != nil {
			return err
		}
		if !at.through.IsValid() {
			return nil
		}
		at = span{after: at.through, prune: prune}
	}
}

// removedAfter returns the revision before the first removal after another one
// that was decided here: the stream goes on from there, since a full transfer
// has no removals. It returns end if there is none.
func (c *changeSender) removedAfter(from, end uint64) uint64 {
	for rev, change := range c.store.Since(from) {
		if rev > end {
			break
		}
		if change.Delete && change.Source == 0 {
			return rev - 1
		}
	}
	return end
}

// told says whether the receiver knows all leases that came from it. It does if
// it has sent something in the epoch in which it is: then it has been given back
// before what it had lost.
func (c *changeSender) told(seen lease.Position) bool {
	return c.opts.mutual && seen.Epoch != 0 && seen.Epoch == c.position.Epoch
}

// addAll adds as many leases behind an address as fit into a message, without
// those from the receiver if it knows them, and returns the address that they
// go up to.
func (c *changeSender) addAll(body *bodyOf, after netip.Addr, known bool) (through netip.Addr) {
	for through = after; body.n == 0; {
		if through = c.addPage(body, through, known); !through.IsValid() {
			break
		}
	}
	return through
}

func (c *changeSender) addPage(body *bodyOf, after netip.Addr, known bool) (through netip.Addr) {
	leases, through := nextLeases(c.store, after, netip.Addr{}, maxChanges-1)
	for i := range leases {
		// Two that begin at the same address belong together.
		if body.full() && leases[i].Addr != leases[i-1].Addr {
			return leases[i-1].Addr
		}
		last, ok := c.store.Last(leases[i].Key())
		if !ok || last.Delete || !c.opts.keep(&last.Lease) || known && partners(last.Source) {
			continue
		}
		if last.Source >= secondStream {
			last.Source = 0 // nobody's revision, or a server's that was a backup's other stream
		}
		body.add(&last)
	}
	return through
}
