package ha

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/dhcpha/dhcpha/lease"
)

// Commit makes lease changes durable here and, at the same time, known to the
// servers that the state demands: in normal operation, and while the partner is
// in maintenance, the partner; with wait-backup-ack the backups. It returns nil
// once all of them have confirmed. After any error no client may be told: the
// changes may or may not have been made, here and there, and the client asks
// again.
//
// The state counts in which the server is when the changes are durable, and it
// must be one in which clients are served, from the beginning on: a query may
// have been admitted before the service was left to another server.
//
// Servers that need not confirm are told as well, later if they cannot be
// reached.
func (s *Service) Commit(ctx context.Context, changes ...lease.Change) error {
	if s.opts.OnCommit == nil {
		return s.commit(ctx, nil, changes)
	}
	t := CommitTiming{Changes: len(changes)}
	t.Err = s.commit(ctx, &t, changes)
	s.opts.OnCommit(t)
	return t.Err
}

// commit is Commit, which takes its times unless t is nil.
func (s *Service) commit(ctx context.Context, t *CommitTiming, changes []lease.Change) error {
	of := s.relationshipsOf(changes)
	var room [4]witness
	witnesses := room[:0]
	for _, r := range of {
		for _, peer := range r.confirming {
			witnesses = append(witnesses, witness{replica: peer})
		}
	}
	if err := demand(of, witnesses); err != nil {
		return err
	}
	for _, r := range of {
		if r.view.Load().updates == updatesUnsent {
			r.tellUnsent()
		}
	}
	if t == nil {
		return commitWitnessed(ctx, heeded{s}, witnesses, func() error { return demand(of, witnesses) }, changes...)
	}
	begun := time.Now()
	var durable time.Time
	err := commitWitnessed(ctx, heeded{s}, witnesses, func() error {
		durable = time.Now()
		err := demand(of, witnesses)
		for i := range witnesses {
			if err == nil && witnesses[i].must {
				t.Awaited++
			}
		}
		return err
	}, changes...)
	end := time.Now()
	if durable.IsZero() {
		durable = end
	}
	t.Disk = durable.Sub(begun)
	if t.Awaited > 0 {
		t.Partner = end.Sub(durable)
	}
	return err
}

// errNotServing says that this server serves no clients in its state.
var errNotServing = errors.New("ha: no clients are served in this state")

// demand says of the witnesses which must confirm changes before clients are
// told, as the states are now.
func demand(of []*relationship, witnesses []witness) error {
	for _, r := range of {
		v := r.view.Load()
		if !v.serving {
			return errNotServing
		}
		for i := range witnesses {
			if w := &witnesses[i]; slices.Contains(v.awaited, w.replica) {
				w.must = true
			}
		}
	}
	return nil
}

// Confirmed says whether a client may be answered by a lease as it is, which an
// earlier Commit may have made although it failed: whether the servers have it
// that the state demands.
func (s *Service) Confirmed(l lease.Lease) bool {
	r := s.relationshipOf(&l)
	if r == nil {
		return true
	}
	v := r.view.Load()
	if !v.serving {
		return false
	}
	for _, other := range v.awaited {
		if !other.feed.confirmed(l.Key(), l.Revision) {
			return false
		}
	}
	return true
}

// heeded is the store, whose failures are heeded, and that it takes too long.
type heeded struct{ s *Service }

func (h heeded) Commit(ctx context.Context, changes ...lease.Change) error {
	h.s.health.begun.Add(1)
	err := h.s.store.Commit(ctx, changes...)
	h.s.health.ended.Add(1)
	h.s.health.heed(ctx, err)
	return err
}

// relationshipsOf returns the relationships that have the leases.
func (s *Service) relationshipsOf(changes []lease.Change) (of []*relationship) {
	if len(s.relationships) == 1 {
		return s.relationships
	}
	for i := range changes {
		l := &changes[i].Lease
		if changes[i].Delete {
			if known, ok := s.store.Lookup(l.Key()); ok {
				l = &known
			}
		}
		if r := s.relationshipOf(l); r != nil && !slices.Contains(of, r) {
			of = append(of, r)
		}
	}
	return of
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
