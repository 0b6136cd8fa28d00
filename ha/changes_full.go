package ha

import (
	"net/netip"

	"github.com/dhcpha/dhcpha/lease"
)

// fullTransfer is a full transfer that is being sent.
type fullTransfer struct {
	to       lease.Position
	after    netip.Addr // what has been sent goes up to here
	prune    bool
	position lease.Position // where the receiver was in its own history when it began
	over     bool           // nothing is left to be sent
}

// sendAll begins to send all leases, or the rest of them, to a receiver whose
// mark was found at a revision.
func (c *changeSender) sendAll(from uint64, prune bool) {
	now := c.store.Position()
	c.covered = now.Revision
	c.all = &fullTransfer{
		to:    lease.Position{Epoch: now.Epoch, Revision: c.removedAfter(from, now.Revision)},
		prune: prune, position: c.position,
	}
	if t := c.transfer; t != nil {
		if rev, ok := c.store.Locate(t.to); ok && rev == t.to.Revision && c.store.Forgotten() <= rev {
			c.all.to, c.all.after = t.to, t.through
			c.covered = 0 // when it began is not known
		}
	}
	c.opts.log.Info("all leases are sent", "revision", now.Revision)
}

// pushLeases sends the next message of a full transfer.
func (c *changeSender) pushLeases() (*outgoing, error) {
	all := c.all
	out := &outgoing{head: changesHead{to: all.to, seen: c.opts.seen(), full: &span{after: all.after, prune: all.prune}}}
	body := bodyOf{b: c.body[:0]}
	through := c.addAll(&body, all.after, !all.prune && c.told(out.head.seen))
	c.body = body.b
	out.head.full.through, all.after, all.over = through, through, !through.IsValid()
	return c.send(out, &body)
}

// sentAll goes on after a full transfer has been answered.
func (c *changeSender) sentAll() error {
	c.all = nil
	return c.follow(true) // what has lost against the receiver's is not noted
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

// elsewhere stands in a full transfer for the source of a lease that is neither
// the sender's own nor the receiver's.
const elsewhere = secondStream - 1

// told says whether the receiver knows all leases that came from it. It does if
// it has sent something in the epoch in which it is: then it has been given back
// before what it had lost.
func (c *changeSender) told(seen lease.Position) bool {
	return c.opts.mutual && seen.Epoch != 0 && seen.Epoch == c.all.position.Epoch
}

// addAll adds as many leases behind an address as fit into a message, without
// those from the receiver if it knows them, and returns the address that they
// go up to.
func (c *changeSender) addAll(body *bodyOf, after netip.Addr, known bool) (through netip.Addr) {
	for change, encoded := range c.store.Encoded(after) {
		// Two that begin at the same address belong together.
		if body.n >= maxChanges-1 && change.Lease.Addr != through || body.full() {
			return through
		}
		through = change.Lease.Addr
		if !c.opts.keep(&change.Lease) || known && partners(change.Source) {
			continue
		}
		source := change.Source
		if source >= secondStream {
			source = elsewhere // nobody's revision, or a server's that was a backup's other stream
		}
		body.addEncoded(source, encoded)
	}
	return netip.Addr{}
}
