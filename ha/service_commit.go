package ha

import (
	"context"

	"github.com/dhcpha/dhcpha/lease"
)

// Commit makes lease changes durable here and, at the same time, known to the
// servers that the state demands: in normal operation, and while the partner is
// in maintenance, the partner; with wait-backup-ack the backups. It returns nil
// once all of them have confirmed. After any error no client may be told: the
// changes may or may not have been made, here and there, and the client asks
// again.
//
// Servers that need not confirm are told as well, later if they cannot be
// reached.
func (s *Service) Commit(ctx context.Context, changes ...lease.Change) error {
	return commitAwaited(ctx, heeded{s}, s.awaited(changes), changes...)
}

// Confirmed says whether a client may be answered by a lease as it is, which an
// earlier Commit may have made although it failed: whether the servers have it
// that the state demands.
func (s *Service) Confirmed(l lease.Lease) bool {
	r := s.relationshipOf(&l)
	if r == nil {
		return true
	}
	for _, other := range r.view.Load().awaited {
		if !other.feed.confirmed(l.Key(), l.Revision) {
			return false
		}
	}
	return true
}

// heeded is the store, whose failures are heeded.
type heeded struct{ s *Service }

func (h heeded) Commit(ctx context.Context, changes ...lease.Change) error {
	err := h.s.store.Commit(ctx, changes...)
	h.s.health.heed(ctx, err)
	return err
}

// awaited returns the replicas of the servers that must confirm changes before
// clients are told, as the states are now.
func (s *Service) awaited(changes []lease.Change) []*replica {
	var awaited []*replica
	var seen *relationship
	for i := range changes {
		l := &changes[i].Lease
		if changes[i].Delete && len(s.relationships) > 1 {
			if known, ok := s.store.Lookup(l.Key()); ok {
				l = &known
			}
		}
		r := s.relationshipOf(l)
		if r == nil || r == seen {
			continue
		}
		seen = r
		v := r.view.Load()
		if v.updates == UpdatesUnsent {
			r.tell(UpdateUnsent{})
		}
		awaited = append(awaited, v.awaited...)
	}
	return awaited
}

// Background returns a committer for changes that no client waits for:
// reclamation of expired leases, and an administrator's. It waits for no other
// server. Servers of this kind are told of the changes; a Kea is not, since
// every Kea reclaims leases by itself and its administrator changes leases on
// both.
func (s *Service) Background() lease.Committer { return background{s} }

type background struct{ s *Service }

func (b background) Commit(ctx context.Context, changes ...lease.Change) error {
	own := make([]lease.Change, len(changes))
	for i, c := range changes {
		if r := b.s.relationshipOf(&c.Lease); r != nil && r.withKea() {
			c.Source = lease.Foreign
		}
		own[i] = c
	}
	return heeded(b).Commit(ctx, own...)
}
