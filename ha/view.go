package ha

import (
	"slices"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/hash"
)

// view is a relationship as it is between two steps of its machine: what
// queries, commits, commands and people are answered by, without waiting for
// the goroutine that owns the machine. It does not change.
type view struct {
	state   State
	scopes  []string
	serves  [2]bool // the scopes, by the order of split
	serving bool    // the DHCP service is wanted on
	paused  bool
	unsent  uint64

	updates updates
	awaited []*replica // who must confirm changes before clients are told

	// Of the partner.
	partner       State
	partnerScopes []string
	ours          bool
	touched       bool      // anything was ever found about it
	interruptedAt time.Time // when its silence is, or was, too long; zero: there is no partner
	silent        bool      // that has passed; for queries, which ask no clock

	// What was seen of its clients since it fell silent.
	clients, unacked int
	analyzed         uint64
	rejects          bool // it refuses leases: it matters when it no longer does

	at       time.Time // when this was so
	waitsFor string
	takeover *Takeover // as of then; nil: this server is not on the way to take over
}

// look makes what the machine is now visible.
func (r *relationship) look() {
	m, now := r.machine, time.Now()
	v := &view{
		at: now, waitsFor: m.WaitsFor(),
		state: m.State(), scopes: slices.Clone(m.Scopes()), serving: m.Serving(), paused: m.Paused(), unsent: m.Unsent(),
		updates: m.Updates(), partner: m.Partner(), partnerScopes: slices.Clone(m.PartnerScopes()), ours: m.Ours(),
		touched: m.InTouch(), interruptedAt: m.InterruptedAt(),
		clients: m.Connecting(), unacked: m.Unacked(), analyzed: m.Analyzed(), rejects: m.Rejected(now) > 0,
	}
	v.silent = v.interrupted(now)
	if t, ok := m.Takeover(now); ok {
		v.takeover = &t
	}
	for i, name := range r.split.names {
		v.serves[i] = name != "" && slices.Contains(v.scopes, name)
	}
	for _, other := range r.members {
		switch {
		case other == r.partner && v.updates == updatesAwaited, other.Role == Backup && r.cfg.WaitBackupAck:
			v.awaited = append(v.awaited, other.replica)
		}
	}
	r.noteAlone(v)
	r.view.Store(v)
}

// noteAlone notes, before it is so, that clients are told of what the partner
// does not confirm, and when the partner has come to know it all.
func (r *relationship) noteAlone(v *view) {
	if r.partner == nil {
		return
	}
	var err error
	if v.updates == updatesAwaited {
		if r.together == 0 {
			r.together = r.s.store.Revision() + 1
		}
		if r.partner.replica.feed.acked()+1 >= r.together {
			err = r.alone.end(r.ctx)
		}
	} else {
		r.together = 0
		if v.serving {
			err = r.alone.begin(r.ctx)
		}
	}
	r.s.health.heed(r.ctx, err)
}

// interrupted says whether the partner has been silent for longer than it may.
func (v *view) interrupted(now time.Time) bool {
	return !v.interruptedAt.IsZero() && !now.Before(v.interruptedAt)
}

// split says which of the active servers a client belongs to.
type split struct {
	mode    Mode
	family  ctrl.Family
	primary hash.Buckets
	names   [2]string   // of the primary and of the other; empty: there is none
	classes [2][]string // of queries that belong to them
}

func newSplit(cfg *Config, family ctrl.Family) split {
	s := split{mode: cfg.Mode, family: family, primary: hash.Share(0, 2)}
	for _, p := range cfg.Peers {
		switch p.Role {
		case Primary:
			s.names[0], s.classes[0] = p.Name, []string{"HA_" + p.Name}
		case Secondary, Standby:
			s.names[1], s.classes[1] = p.Name, []string{"HA_" + p.Name}
		}
	}
	return s
}

// owner returns whose a client is: 0 is the primary. It says false if it
// belongs to nobody: as with Kea, if there is nothing to tell it by.
func (s *split) owner(clientID, hwAddr []byte) (int, bool) {
	if s.mode != LoadBalancing {
		return 0, true
	}
	bucket, ok := hash.V4(clientID, hwAddr)
	if s.family == ctrl.V6 {
		bucket, ok = hash.V6(clientID)
	}
	if !ok {
		return 0, false
	}
	if s.primary.Contains(bucket) {
		return 0, true
	}
	return 1, true
}

// classNames returns the classes of the clients of the active servers.
func (s *split) classNames() []string { return slices.Concat(s.classes[0], s.classes[1]) }
