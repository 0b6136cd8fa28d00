package ha

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// report returns what this server says of itself to another. One that must not
// serve, but whose partner is a Kea, does not: a Kea takes over only for a
// server that does not answer.
func (r *relationship) report() ctrl.Response {
	v := r.view.Load()
	failed := r.s.health.failed.Load()
	if unguarded := *r.pools.Load(); len(unguarded) > 0 || failed && !v.ours && r.partner != nil {
		return ctrl.Errorf("this server cannot serve: %s", r.idle(v))
	}
	if v.ours && v.state == StateReady && v.partner == StatePartnerDown {
		// It serves until it has come to where this server is.
		r.partner.replica.feed.nudge()
	}
	a := account{
		report:   report{State: v.state, Scopes: v.scopes, Unsent: v.unsent, Ours: r.cfg.sendLeaseUpdates(), StoreFailed: failed},
		now:      r.now(),
		position: new(r.s.store.Position()),
		digest:   r.s.digest(),
	}
	return a.response()
}

// replicate makes what keeps the leases of the other servers like those here.
// From then on changes are remembered for them.
func (r *relationship) replicate() {
	since := func() uint64 { return 0 }
	if r.partner != nil {
		r.alone = newAlone(r.s.store, r.partner.Name)
		since = r.alone.since.Load
	}
	r.receiver = newReceiver(r.s.store, receiverOptions{
		role: r.cfg.this().Role, primary: r.cfg.primary(), keep: r.keep(), log: r.log, now: r.now,
		sources: strings.Join(r.cfg.sources(), " "), sourcesMark: fmt.Sprint("sources/", r.index),
		backup: func(server string) bool {
			p := r.cfg.peer(server)
			return p != nil && p.Role == Backup
		},
		alone:   since,
		awaited: func(k lease.Key) bool { return r.partner != nil && r.partner.replica.feed.awaited(k) },
		lost: func(k lease.Key) {
			if r.partner != nil {
				r.partner.replica.feed.lose(k)
			}
		},
		moved: func(sender string, changes []lease.Change) {
			if r.s.opts.OnUpdate == nil {
				return
			}
			for _, c := range changes {
				// Others may keep what they are told of.
				l := &c.Lease
				l.ClientID, l.HWAddr, l.UserContext = bytes.Clone(l.ClientID), bytes.Clone(l.HWAddr), bytes.Clone(l.UserContext)
				r.s.updated(sender, c)
			}
		},
	})
	for _, m := range r.members {
		m.replica = newReplica(m.peer, r.s.store, replicaOptions{
			cfg: r.cfg, family: r.s.opts.Family, keep: r.keep(), tell: r.tell, heedsTaken: r.heedsTaken, log: r.log,
			changes: func(f *feed) sender {
				return newChangeSender(m.peer, r.s.store, f, changeSenderOptions{
					name: r.cfg.ThisServerName, backup: m.Role == Backup, mutual: m == r.partner, keep: r.keep(), clock: &m.clock, now: r.now, log: r.log,
					alone: since,
					adopt: func(ctx context.Context) error { return r.receiver.adopt(ctx, m.Name) },
					seen:  func() lease.Position { return r.receiver.applied(m.Name) },
					settled: func(ctx context.Context, changes []lease.Change) error {
						return r.receiver.settled(ctx, m.Name, changes)
					},
					asked: func() uint64 { return r.receiver.asked(m.Name) },
					gaveBack: func(at lease.Position) {
						r.receiver.gaveBack(m.Name, at)
						r.progress()
					},
				})
			},
		})
		// A state of the partner alone says what may go out to it; a backup
		// tells nobody but backups, unless they are of this kind.
		m.replica.allow(m.Role == Backup && r.cfg.sendLeaseUpdates())
		if m == r.partner && r.cfg.sendLeaseUpdates() || m.Role == Backup && r.cfg.WaitBackupAck {
			r.confirming = append(r.confirming, m.replica)
		}
	}
}

// keep says which leases the other servers are told of; nil: all.
func (r *relationship) keep() func(*lease.Lease) bool {
	if len(r.s.cfgs) == 1 {
		return nil
	}
	return func(l *lease.Lease) bool {
		of := r.s.relationshipOf(l)
		// A removal does not tell the subnet; if the address does not
		// either, all are told, who have nothing to remove.
		return of == r || of == nil && l.SubnetID == 0
	}
}

// peerMux returns what runs the commands of peers: the program's, if it has
// any, and those that every peer needs; lease updates are taken over as they
// are, and pages noticed.
func (s *Service) peerMux(mux *ctrl.Mux, subnets ctrl.Subnets) *ctrl.Mux {
	peers := ctrl.NewMux()
	s.Register(peers)
	ctrl.HandleService(peers, s.opts.Family, s.opts.Switch)
	if mux == nil {
		mux = ctrl.NewMux()
	}
	for _, name := range mux.Commands() {
		peers.Handle(name, func(ctx context.Context, args json.RawMessage) ctrl.Response {
			return mux.Run(ctx, &ctrl.Request{Command: name, Arguments: args}) // which may be replaced
		})
	}
	(&received{
		store: s.store, offset: s.clockOffset, log: s.opts.Logger,
		told: func(c lease.Change) { s.updated(s.peerOf(&c.Lease), c) },
		passed: func(here lease.Change) {
			if r := s.relationshipOf(&here.Lease); r != nil {
				r.receiver.conflicts.outdated.Add(1)
			}
		},
	}).handle(peers, s.opts.Family, subnets)
	s.plainPages(peers)
	s.walks.watch(peers, s.opts.Family, s.store)
	s.holdEach(peers)
	return peers
}

// clockOffset is the largest of those of the partners: an update does not tell
// whose it is.
func (s *Service) clockOffset() (largest time.Duration) {
	for _, r := range s.relationships {
		if r.partner != nil {
			largest = max(largest, r.partner.clockOffset().Abs())
		}
	}
	return largest
}

// peerOf returns the name of the only server that can have sent a lease; empty:
// there are several.
func (s *Service) peerOf(l *lease.Lease) string {
	if r := s.relationshipOf(l); r != nil && len(r.members) == 1 {
		return r.members[0].Name
	}
	return ""
}

// digest returns that of the configuration that is served; empty: none. What a
// server of several relationships serves is more than any partner does.
func (s *Service) digest() string {
	if s.opts.Digest == nil || len(s.relationships) > 1 {
		return ""
	}
	return s.opts.Digest()
}

// allow tells the replicas whether the state lets updates go out to servers
// that are not of this kind.
func (r *relationship) allow() {
	if r.partner == nil {
		return
	}
	sending := r.view.Load().updates >= updatesSent
	if sending != r.sending {
		r.sending = sending
		r.partner.replica.allow(sending)
	}
}

// catchUp brings all leases of another server here. What one of this kind has
// comes all the time, and is waited for. Others are asked for it, and are off
// meanwhile, at most for the given period (0: as long as it takes).
func (r *relationship) catchUp(ctx context.Context, m *member, period time.Duration) error {
	r.syncing.Store(new(r.now()))
	defer r.syncing.Store(nil)
	if ours, _ := m.ours(); ours {
		return m.follow(ctx)
	}
	return newPuller(m.peer, r.s.store, pullerOptions{
		family: r.s.opts.Family, sender: r.cfg.ThisServerName, origin: ctrl.OriginPartner + ctrl.Origin(r.index),
		limit: r.cfg.syncPageLimit(), timeout: r.cfg.syncTimeout(), period: period,
		owns: r.owns, now: r.now, log: r.log,
	}).run(ctx)
}

// follow waits until all that a server of this kind had when it was last heard
// has been taken over here. It gives up when nothing comes for two requests'
// time. Now and then the server is asked: if it has been restarted, what it said
// before is a place that it never comes to.
func (m *member) follow(ctx context.Context) error {
	h := m.said.Load()
	if h == nil || h.position == nil {
		return named(m.Name, errors.New("it has not said which leases it has"))
	}
	patience := time.NewTimer(2 * m.timeout)
	defer patience.Stop()
	again := time.NewTicker(m.timeout)
	defer again.Stop()
	for {
		came := *m.r.came.Load()
		if m.r.receiver.reached(m.Name, *h.position) {
			return nil
		}
		select {
		case <-came:
			patience.Reset(2 * m.timeout)
		case <-again.C:
			if now, err := m.ask(ctx); err == nil && now.position != nil && now.position.Epoch != h.position.Epoch {
				h = now
			}
		case <-patience.C:
			return named(m.Name, errNoAnswer)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// progress wakes up who follows another server's leases.
func (r *relationship) progress() { close(*r.came.Swap(new(make(chan struct{})))) }

// takeChanges takes lease changes of a server of this kind.
func (s *Service) takeChanges(ctx context.Context, message []byte) (answer func() []byte) {
	head, rest, err := parseHead(message)
	r := s.byServer[head.server]
	if err == nil && (r == nil || r.member(head.server) == nil) {
		err = fmt.Errorf("%q is not the name of another server here", head.server)
	}
	if err != nil {
		return func() []byte { return (&changesAnswer{result: ctrl.Error, text: err.Error()}).append(nil) }
	}
	finish := r.receiver.take(ctx, head, rest)
	return func() []byte {
		defer r.progress()
		return finish()
	}
}

// owns says whether the relationship has a lease that a Kea has. With a single
// relationship, as with Kea, subnets that are not assigned to it are only left
// out if some are.
func (r *relationship) owns(l lease.Lease) bool {
	if len(r.s.relationships) > 1 {
		return r.s.relationshipOf(&l) == r
	}
	assigned := false
	if subnets := r.s.subnets.Load(); subnets != nil {
		for subnet := range (*subnets).Subnets() {
			if r.cfg.peer(subnet.Server) == nil {
				continue
			}
			if assigned = true; subnet.ID == l.SubnetID {
				return true
			}
		}
	}
	return !assigned
}

// sender returns who has sent a command: by the name it gives, or else, as
// servers before Kea 2.5.5 give none, by its address.
func (r *relationship) sender(ctx context.Context, name string) *member {
	if name != "" {
		return r.member(name)
	}
	if m := r.memberAt(ctrl.RemoteAddr(ctx).Addr()); m != nil || len(r.members) > 1 {
		return m
	}
	return r.members[0]
}

// memberAt returns the server that has the address by its url, or nil.
func (r *relationship) memberAt(from netip.Addr) *member {
	for _, m := range r.members {
		if place, err := m.endpoint(); err == nil {
			if addr, err := netip.ParseAddr(place.host); err == nil && addr.Unmap() == from {
				return m
			}
		}
	}
	return nil
}

// updated tells an observer of a lease change that came from a peer.
func (s *Service) updated(peer string, c lease.Change) {
	if s.opts.OnUpdate != nil {
		s.opts.OnUpdate(LeaseUpdate{Time: s.opts.Now(), Peer: peer, Change: c})
	}
}
