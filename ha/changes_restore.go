package ha

import (
	"context"
	"net/netip"

	"github.com/dhcpha/dhcpha/lease"
)

// restoreSome is how many leases are given back, or pruned, in one commit.
const restoreSome = 1000

// rewind gives back what the sender has lost: it becomes this server's own, and
// so is sent. If the sender is a backup only the mark is moved: it was others who
// told what is here.
func (r *receiver) rewind(ctx context.Context, st *stream, m *changes) error {
	given := 0
	if !r.opts.backup(m.server) {
		var err error
		if given, err = r.giveBack(ctx, r.beyond(r.source(m.server, m.to.Revision))); err != nil {
			return err
		}
	}
	if err := r.store.CommitMark(ctx, markOf(m.server), m.to); err != nil {
		return err
	}
	r.move(st, m.server, m.to, nil, true, nil)
	if given > 0 { // two that meet for the first time have lost nothing
		r.opts.log.Warn("the peer has lost changes; they are given back to it", "peer", m.server, "changes", given)
	}
	return nil
}

// giveBack makes what has such sources this server's own, and returns how much
// that was. If it is interrupted, the rest is done when it is asked for again.
func (r *receiver) giveBack(ctx context.Context, such func(source uint64) bool) (given int, err error) {
	var keys []lease.Key
	end := r.store.Revision()
	for rev, c := range r.store.Since(0) {
		if rev > end {
			break
		}
		if such(c.Source) && (c.Delete || r.keeps(&c.Lease)) {
			keys = append(keys, c.Lease.Key())
		}
		if len(keys) == restoreSome {
			if err := r.own(ctx, keys, such); err != nil {
				return given, err
			}
			given += len(keys)
			keys = keys[:0]
		}
	}
	return given + len(keys), r.own(ctx, keys, such)
}

// beyond returns what says whether a source is later than another one, of the same
// server.
func (r *receiver) beyond(common uint64) func(source uint64) bool {
	return func(source uint64) bool {
		return partners(source) && source > common && (r.opts.role != Backup || source&secondStream == common&secondStream)
	}
}

// own makes leases and removals this server's own.
func (r *receiver) own(ctx context.Context, keys []lease.Key, such func(source uint64) bool) error {
	return r.commit(func() error {
		var changes []lease.Change
		for _, k := range keys {
			if c, ok := r.store.Last(k); ok && such(c.Source) {
				c.If = guard(&c)
				c.Source = 0
				changes = append(changes, c)
			}
		}
		return r.store.Commit(ctx, changes...)
	})
}

// prune removes what the sender no longer has: the leases in the span of a
// message that it does not mention, and that the sender has had.
func (r *receiver) prune(ctx context.Context, m *changes) error {
	mentioned := make(map[lease.Key]bool, len(m.list))
	for i := range m.list {
		mentioned[m.list[i].Lease.Key()] = true
	}
	seen, _ := r.store.Locate(m.seen)
	had := func(c *lease.Change) bool {
		switch {
		case c.Delete:
			return false
		case r.opts.role == Backup:
			return partners(c.Source) && c.Source&secondStream == r.source(m.server, 0)
		default:
			return partners(c.Source) || c.Source == 0 && c.Lease.Revision <= seen
		}
	}
	for after := m.full.after; ; {
		page, end := nextLeases(r.store, after, m.full.through, restoreSome)
		err := r.commit(func() error {
			var changes []lease.Change
			for i := range page {
				k := page[i].Key()
				c, ok := r.store.Last(k)
				if !ok || mentioned[k] || !had(&c) || !r.keeps(&c.Lease) {
					continue
				}
				changes = append(changes, lease.Change{
					Lease:  lease.Lease{Type: k.Type, Addr: k.Addr, CLTT: c.Lease.CLTT},
					Delete: true, Source: r.source(m.server, m.to.Revision), If: c.Lease.Revision,
				})
			}
			return r.store.Commit(ctx, changes...)
		})
		if err != nil || end == m.full.through {
			return err
		}
		after = end
	}
}

// nextLeases returns the leases behind an address, up to about limit of them
// and to another address, and the address up to which these are all. The zero
// Addr is the beginning or the end, IPv4 comes first.
func nextLeases(store *lease.Store, after, through netip.Addr, limit int) (leases []lease.Lease, end netip.Addr) {
	if !after.IsValid() {
		after = netip.IPv4Unspecified()
	}
	for {
		page := store.Page(after, limit-len(leases))
		for i := range page {
			if through.IsValid() && through.Less(page[i].Addr) {
				return leases, through
			}
			leases = append(leases, page[i])
		}
		switch {
		case len(leases) >= limit:
			return leases, leases[len(leases)-1].Addr
		case !after.Is4():
			return leases, through
		}
		after = netip.IPv6Unspecified()
	}
}
