package dhcp6

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

// commit makes what the bindings lead to durable, all of it together, and makes
// the Reply that says so.
func (x *exchange) commit(ctx context.Context, bs bindings) (answered bool, err error) {
	name := bs.name(x)
	most := 0
	for _, b := range bs {
		most += len(b.lost) + len(b.grants)
	}
	changes := make([]lease.Change, 0, most) // which the committer may keep
	given := x.givenRoom[:0]                 // those of the changes that follow those that end
	for _, b := range bs {
		for _, l := range b.lost {
			if end := l.Expires(); end.IsZero() || end.Sub(x.now) > grace {
				changes = append(changes, x.ending(l))
			}
		}
	}
	endings := len(changes)
	for _, b := range bs {
		for _, g := range b.grants {
			changes = append(changes, lease.Change{If: lease.Absent})
			change := &changes[len(changes)-1]
			l := &change.Lease
			g.fill(l, x, b.ia, name.stored)
			if preferred, valid := x.reusable(g, l); valid > 0 {
				g.preferred, g.valid = preferred, valid
				x.e.core.Alloc.Release(l.Addr, b.holder)
				x.e.core.Stats.Reused(l)
				changes = changes[:len(changes)-1]
				continue
			}
			if g.there {
				change.If = g.was.Revision
			}
			given = append(given, g)
		}
	}
	x.givenRoom = given
	if err := x.write(ctx, changes); err != nil {
		return false, err
	}
	if err := x.alone(ctx, given); err != nil {
		return false, err
	}
	for i, g := range given {
		l := &changes[endings+i].Lease
		if x.e.core.Log.Enabled(ctx, slog.LevelDebug) {
			x.e.core.Log.Debug("lease", "client", engine.LoggedDUID(x.client), "type", l.Type, "prefix", g.prefix, "subnet", l.SubnetID, "seconds", l.ValidLft)
		}
		if g.isNew(x.now) {
			x.e.core.Stats.Assigned(l)
		}
	}
	x.bindingsReply(dhcpv6.MessageTypeReply, bs, name)
	return true, nil
}

// alone makes sure that nothing new that has been committed overlaps another
// lease. What is held until it is committed is held by its first address: a
// query for a prefix around it or within it, which there are where reservations
// overlap and while another configuration comes, does not see that. Of two such
// leases the one that is committed later finds the other, or each does, and
// nobody is told of what is taken back.
func (x *exchange) alone(ctx context.Context, given []*grant) error {
	var back []lease.Change
	for _, g := range given {
		if !g.isNew(x.now) || !x.e.core.Alloc.Overlapped(g.prefix) {
			continue
		}
		if l, ok := x.e.core.Store.Lookup(g.key()); ok && string(l.ClientID) == string(x.client.ID) {
			back = append(back, engine.Removal(l))
		}
	}
	if len(back) == 0 {
		return nil
	}
	if err := x.write(ctx, back); err != nil {
		return err
	}
	return fmt.Errorf("dhcp6: %v: lease %s overlaps another: %w", x.typ, back[0].Lease.Addr, lease.ErrConflict)
}

// grace is how long a client keeps what the server takes from it: it still uses
// that until it hears of it, by the reply to this query or to one that it sends
// again. Kea gives it to others at once.
const grace = engine.OfferHold

// ending is the change that makes a lease end soon.
func (x *exchange) ending(l lease.Lease) lease.Change {
	c := lease.Change{Lease: l, If: l.Revision}
	c.Lease.CLTT, c.Lease.ValidLft, c.Lease.PreferredLft = x.now.Unix(), uint32(grace/time.Second), 0
	return c
}

// write commits changes of the client's leases.
func (x *exchange) write(ctx context.Context, changes []lease.Change) error {
	if len(changes) == 0 {
		return nil
	}
	taken := func(l *lease.Lease) bool {
		there, ok := x.e.core.Store.Lookup(l.Key())
		return ok && engine.InUse(&there, x.now) && !(there.IAID == l.IAID && string(there.ClientID) == string(x.client.ID))
	}
	if err := x.e.core.Commit(ctx, changes, x.holder, taken); err != nil {
		return fmt.Errorf("dhcp6: %v: %w", x.typ, err)
	}
	return nil
}

// holder is for whom what a lease of the client gives is held.
func (x *exchange) holder(l *lease.Lease) string {
	for i := range x.all {
		if a := &x.all[i]; a.typ == l.Type && a.id == l.IAID {
			return a.holder
		}
	}
	return holderOf(l.Type, l.IAID, x.client.ID)
}

// reusable returns for how long a client may use its lease as it is, in
// seconds; 0: the lease is to be written.
func (x *exchange) reusable(g *grant, l *lease.Lease) (preferred, valid uint32) {
	if !g.mine || !engine.SameButTimes(&g.was, l) || !x.e.core.Confirmed(&g.was) {
		return 0, 0
	}
	if valid = g.subnet.cache.Reusable(&g.was, l.CLTT); valid == 0 {
		return 0, 0
	}
	preferred = g.was.PreferredLft
	if preferred != lease.Infinite {
		preferred -= min(preferred, uint32(l.CLTT-g.was.CLTT))
	}
	return preferred, valid
}
