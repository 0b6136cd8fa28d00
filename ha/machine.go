package ha

import (
	"log/slog"
	"maps"
	"slices"
	"time"
)

// machine is the state machine of one server in one relationship. It has no
// clock, network or goroutine of its own: Step is told what has happened and
// returns what is to be done. It behaves as Kea's; where it does not, the
// comment at the place says why. Two servers of this kind (Ours) do better
// than Kea, and only they do.
//
// Sending leases (synchronize, sendBacklog), sendReset and
// sendMaintenanceNotify take time. Until their end has been told, the state
// changes by commands only, as if they blocked.
type machine struct {
	cfg          *Config
	role         Role
	partnerName  string // empty: there is none to cooperate with
	normal       State  // normal operation in this mode
	own          []string
	failover     []string
	autoFailover bool

	state, previous State
	started         bool
	serving         bool // wants the DHCP service on
	serviceOff      bool // somebody else holds it off
	storeFailed     bool
	held            bool // partner-down: off until the end of a heartbeat
	scopes          []string
	covering        bool // serves the partner's clients in a state that shares them
	paused          bool
	pausesUsed      uint32 // states whose only pause is over, a bit each

	partner  partner
	clients  clients
	rejected map[string]time.Time // until when a client's refused update counts
	unsent   uint64

	heartbeat   heartbeat
	job         job
	jobStale    bool // the state it was begun for has been left
	notify      notify
	cancelledAt time.Time // when the partner cancelled this server's maintenance
	overflowed  bool
	ran         time.Time // when the rules were last applied

	actions []action // of the step under way
}

// newMachine returns the machine of the server cfg.ThisServerName, in state
// waiting. cfg must be valid and stay as it is. The first step is due at once.
func newMachine(cfg *Config, now time.Time) *machine {
	me := cfg.this()
	m := &machine{
		cfg: cfg, role: me.Role, autoFailover: me.autoFailover(),
		state: StateWaiting, previous: StateWaiting,
		ran: now, partner: partner{contact: now, since: now},
	}
	switch cfg.Mode {
	case LoadBalancing:
		m.normal = StateLoadBalancing
	case HotStandby:
		m.normal = StateHotStandby
	case PassiveBackup:
		m.normal = StatePassiveBackup
	}
	if p := cfg.partner(); p != nil && m.role != Backup && cfg.Mode != PassiveBackup {
		m.partnerName = p.Name
		m.heartbeat.delay = cfg.heartbeatDelay()
	}
	for _, p := range cfg.Peers {
		if p.Role == Primary || p.Role == Secondary {
			m.failover = append(m.failover, p.Name)
			if p.Name == me.Name {
				m.own = []string{p.Name}
			}
		}
	}
	slices.Sort(m.failover)
	m.schedule(now)
	return m
}

// Clone returns a copy that shares nothing that changes.
func (m *machine) Clone() *machine {
	c := *m
	c.clients.seen = maps.Clone(m.clients.seen)
	c.rejected = maps.Clone(m.rejected)
	return &c
}

// Step tells the machine what has happened and returns what is to be done, in
// this order. An event that ends what is not under way is ignored.
func (m *machine) Step(now time.Time, ev event) []action {
	if !m.started {
		m.started = true
		m.pause()
		m.do(switchService{On: false})
		m.run(now)
	}
	switch ev := ev.(type) {
	case tick:
		m.tick(now)
	case heartbeatAnswered:
		m.heartbeatEnded(now, &ev.Report)
	case heartbeatFailed:
		m.heartbeatEnded(now, nil)
	case updateAnswered:
		m.updateAnswered(now, ev)
	case updateUnsent:
		m.unsent = max(m.unsent+1+ev.More, 1) // 0 tells of a fresh start
	case queryLeft:
		m.queryLeft(now, ev)
	case syncDone:
		m.syncDone(now, ev)
	case backlogDone:
		m.backlogDone(now, ev.OK)
	case backlogOverflowed:
		m.overflowed = m.overflowed || m.state == StateCommunicationRecovery
	case resetDone:
		m.resetDone(now, ev.OK)
	case notifyDone:
		m.notifyDone(now, ev)
	case storeFailed:
		m.storeFailed = true
		if m.state != StateWaiting && m.state != StateBackup {
			m.enter(now, StateWaiting)
		}
	case storeWorks:
		m.storeFailed = false
		m.run(now)
	case serviceSwitched:
		m.serviceOff = !ev.On
	case reset:
		m.reset(now)
	case resume:
		m.continues(now)
	case setScopes:
		m.setScopes(ev.Scopes)
	case maintenanceStart:
		m.maintenanceStart()
	case maintenanceCancel:
		m.maintenanceCancel()
	case maintenanceNotify:
		m.maintenanceNotify(now, ev)
	case syncCompleted:
		m.syncCompleted()
	case partnerChanged:
		m.heartbeat.soon = m.partner.ours
	}
	m.cover()
	m.askSoon(now)
	actions := m.actions
	m.actions = nil
	return actions
}

// Deadline returns when a Tick is due; zero: never. It changes with each step.
func (m *machine) Deadline() time.Time {
	if !m.started {
		return m.ran
	}
	at := m.lossDue()
	if !m.heartbeat.out && !m.heartbeat.at.IsZero() && (at.IsZero() || m.heartbeat.at.Before(at)) {
		at = m.heartbeat.at
	}
	return at
}

func (m *machine) tick(now time.Time) {
	if due := m.lossDue(); !due.IsZero() && !now.Before(due) {
		m.run(now)
	}
	m.askSoon(now) // a new state may make one due at this moment
	if at := m.heartbeat.at; !at.IsZero() && !now.Before(at) && !m.heartbeat.out {
		m.heartbeat.at, m.heartbeat.sent, m.heartbeat.out = time.Time{}, now, true
		m.do(sendHeartbeat{})
	}
}

// run applies the rules of the states until they leave the state as it is.
func (m *machine) run(now time.Time) {
	for m.once(now) {
	}
}

// once applies the rules of the state and says whether it has changed. After
// a command they are applied once only: what the partner last said may no
// longer be so, and what follows waits for its next answer.
func (m *machine) once(now time.Time) bool {
	m.ran = now
	return !m.blocked() && !m.paused && m.rules(now)
}

// enter changes the state and does what belongs to it; always true. Kea does
// the latter with the next event after some commands, which leaves a
// passive-backup primary without scopes after ha-reset.
func (m *machine) enter(now time.Time, to State) bool {
	return m.enterWith(now, to, m.scopesIn(to))
}

func (m *machine) enterWith(now time.Time, to State, scopes []string) bool {
	if m.storeFailed && servesIn(to) {
		to, scopes = StateWaiting, nil // who cannot store leases serves nobody
	}
	from := m.state
	m.previous, m.state, m.scopes = from, to, scopes
	m.jobStale = m.job != jobNone
	m.held = false
	if from != to {
		m.pause()
		m.partner.dated, m.heartbeat.dated = true, m.heartbeat.out
	}
	if !m.shares() {
		m.covering = false
	}
	switch to {
	case StateWaiting, StateSyncing, StateReady, StatePartnerDown, StateTerminated:
		m.rejected = nil
	}
	if to == StatePartnerDown {
		m.partner.wasFetched = false // it may take this server for down, too
	}
	if from == StateCommunicationRecovery {
		m.overflowed = false
	}
	m.heartbeat.soon = m.partner.ours && to != StateTerminated
	m.serve(servesIn(to))
	m.do(stateChanged{From: from, To: to, Partner: m.partner.state})
	if from == StateTerminated || to == StateTerminated {
		m.heartbeat.delay = m.cfg.heartbeatDelay()
		m.schedule(now)
	}
	return true
}

// serve switches the DHCP service.
func (m *machine) serve(on bool) {
	if m.serving != on {
		m.serving = on
		m.do(switchService{On: on})
	}
}

func (m *machine) do(a action) { m.actions = append(m.actions, a) }

func (m *machine) log(level slog.Level, message string, attrs ...slog.Attr) {
	m.do(logLine{Level: level, Message: message, Attrs: attrs})
}
