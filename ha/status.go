package ha

import (
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
)

// Status is what a person wants to know of a Service. String says it in words.
type Status struct {
	Relationships []RelationshipStatus
	Listeners     []ListenerStatus  // for the commands of peers
	Service       ctrl.ServiceState // who holds the DHCP service off
	StoreFailed   bool              // leases cannot be made durable here
}

// RelationshipStatus is what a person wants to know of a relationship.
type RelationshipStatus struct {
	Server string // this server
	Mode   Mode
	Role   Role
	State  State
	Paused bool // until ha-continue

	AutoFailover bool // it serves the partner's clients when that is down

	Serves []string // the servers whose clients are served; empty: nobody is
	Idle   string   // why nobody is served; empty: somebody is
	Waits  string   // what this server waits for; empty: for nothing

	Partner *PartnerStatus // the other active server; nil: there is none
	Peers   []PeerStatus   // all other servers, by name
	Sync    *SyncStatus    // nil: leases are not being fetched

	Conflicts Conflicts // changes of other servers that did not go together with this one's

	// Unguarded are pools that two servers could give addresses from at the
	// same time, for which this server stays off.
	Unguarded []string
}

// PartnerStatus is what is known of the other active server.
type PartnerStatus struct {
	Name   string
	Role   Role
	State  State     // as it last said; StateNone: never; StateUnavailable: it does not answer
	Serves []string  // as it last said
	Heard  time.Time // its last answer to a heartbeat; zero: there was none

	Interrupted bool // it has been silent for longer than max-response-delay
	// Takeover is what it has left before this server takes over from it; nil:
	// it answers, or has been taken over from.
	Takeover *Takeover

	ClockOffset   time.Duration // its clock minus this one's
	ConfigDiffers bool          // it serves another configuration; see Options.Digest
	StoreFailed   bool          // it cannot make leases durable
}

// Kind is whether a server is of this kind or, such as Kea, of another.
type Kind uint8

// The kinds.
const (
	KindUnknown Kind = iota // it has not answered yet
	KindOurs
	KindOther
)

// String returns the kind in words.
func (k Kind) String() string { return [...]string{"unknown", "dhcpha", "Kea"}[k] }

// PeerStatus is how far another server has this one's leases.
type PeerStatus struct {
	Name    string
	Role    Role
	Kind    Kind
	Pending int  // changes that it has not acknowledged
	Behind  bool // more than are counted
	// Lag is how many revisions this server's store is ahead of the last one up
	// to which the other has everything. Every change made here, or taken over,
	// is a revision; of a lease only the last one counts as pending. 0: it has
	// everything.
	Lag     uint64
	Refused uint64 // changes that it has refused since the start
	// Missing is how many revisions this server is behind what the other one
	// had when it was last heard; 0 with a Kea, of which that is not known.
	Missing uint64
	Error   string // why it cannot be reached; empty: it can
}

// SyncStatus is how far the partner's leases have been fetched.
type SyncStatus struct {
	From  string
	Since time.Time
	// Done and Of are revisions of the partner's store; 0: with a Kea it is not
	// known how many leases there are.
	Done, Of uint64
}

// Status returns how things are.
func (s *Service) Status() Status {
	st := Status{Service: s.opts.Switch.State(), StoreFailed: s.health.failed.Load(), Listeners: s.listening()}
	for _, r := range s.relationships {
		st.Relationships = append(st.Relationships, r.status())
	}
	return st
}

func (r *relationship) status() RelationshipStatus {
	v := r.view.Load()
	st := RelationshipStatus{
		Server: r.cfg.ThisServerName, Mode: r.cfg.Mode, Role: r.cfg.this().Role,
		State: v.state, Paused: v.paused, AutoFailover: r.cfg.this().autoFailover(), Serves: v.scopes, Idle: r.idle(v), Waits: v.waitsFor,
		Unguarded: *r.pools.Load(), Conflicts: r.receiver.conflicts.read(),
	}
	for _, m := range r.members {
		st.Peers = append(st.Peers, m.status())
	}
	if r.partner != nil {
		st.Partner = r.partnerStatus(v)
	}
	if since := r.syncing.Load(); since != nil {
		st.Sync = &SyncStatus{From: r.partner.Name, Since: *since}
		if h := r.partner.said.Load(); h != nil && h.Ours && h.position != nil {
			st.Sync.Of, st.Sync.Done = h.position.Revision, r.receiver.applied(r.partner.Name).Revision
		}
	}
	return st
}

// standingBy is what a standby is idle for that is ready to take over.
const standingBy = "standing by for the primary"

// idle says why nobody is served.
func (r *relationship) idle(v *view) string {
	switch {
	case !r.s.opts.Switch.Enabled() && v.serving:
		return "the DHCP service is switched off"
	case r.s.health.failed.Load():
		return "leases cannot be made durable here"
	case len(*r.pools.Load()) > 0:
		return "the partner is a Kea, and pools are not guarded by the servers' classes"
	case v.serving && len(v.scopes) > 0:
		return ""
	}
	switch {
	case v.state == StateBackup:
		return "a backup serves nobody"
	case v.state == StateInMaintenance:
		return "in maintenance, the partner serves"
	case v.state == StatePartnerDown:
		return "auto-failover is false"
	case v.serving && r.cfg.this().Role == Standby:
		return standingBy
	case v.waitsFor != "":
		return "waiting for " + v.waitsFor
	}
	return "it has no scopes"
}

func (r *relationship) partnerStatus(v *view) *PartnerStatus {
	now := time.Now()
	st := &PartnerStatus{
		Name: r.partner.Name, Role: r.partner.Role, State: v.partner, Serves: v.partnerScopes,
		Interrupted: v.interrupted(now),
		ClockOffset: r.partner.clock.measured(),
	}
	if v.takeover != nil {
		passed := now.Sub(v.at)
		st.Takeover = &Takeover{In: max(v.takeover.In-passed, 0), Clients: v.takeover.Clients, OneIn: max(v.takeover.OneIn-passed, 0)}
	}
	if h := r.partner.said.Load(); h != nil {
		st.Heard, st.StoreFailed = h.at, h.StoreFailed
		if digest := r.s.digest(); digest != "" && h.digest != "" {
			st.ConfigDiffers = digest != h.digest
		}
	}
	return st
}

func (m *member) status() PeerStatus {
	sent := m.replica.status()
	st := PeerStatus{Name: m.Name, Role: m.Role, Pending: sent.Pending, Behind: sent.Behind, Lag: sent.Lag, Refused: sent.Refused}
	if ours, known := m.ours(); ours {
		st.Kind = KindOurs
		st.Missing = m.missing()
	} else if known {
		st.Kind = KindOther
	}
	switch silent := m.silent.Load(); {
	case silent != nil:
		st.Error = silent.err.Error()
	case sent.Err != nil:
		st.Error = sent.Err.Error()
	}
	return st
}

// missing returns how many of the revisions that the server had when it was last
// heard are not here.
func (m *member) missing() uint64 {
	h := m.said.Load()
	if h == nil || h.position == nil || m.r.receiver.has(m.Name, *h.position) {
		return 0
	}
	if at := m.r.receiver.applied(m.Name); at.Epoch == h.position.Epoch {
		return h.position.Revision - min(at.Revision, h.position.Revision)
	}
	return h.position.Revision
}
