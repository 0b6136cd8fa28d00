package ha

import (
	"slices"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
)

// keaMind is the state machine of a Kea in a relationship of two, as far as a
// exploration goes: written after Kea's tables and not after machine, with all that
// machine does otherwise.
type keaMind struct {
	cfg    *Config
	role   Role
	normal State
	own    []string
	all    []string

	state, previous State
	started         bool
	fresh           bool // what belongs to entering the state is still to be done
	serving         bool // not held off by this machine
	off             bool // held off by others
	scopes          []string

	partner   State
	since     time.Time // when partner became another
	contact   time.Time
	skew      time.Duration
	theirs    [2]uint64 // unsent updates, in the last two heartbeats
	unsent    uint64
	clients   []byte // of the partner without answers, in the order in which they came
	completed bool   // the partner has fetched the leases, in partner-down

	overflowed bool
	refused    bool      // a lease, by the partner: max-rejected-lease-updates is 1
	beat       time.Time // zero: none is due
	out        bool
	job        job
	stale      bool // the state it was begun for has been left
	notify     notify

	actions []action
}

func newKeaMind(cfg *Config, now time.Time) *keaMind {
	m := &keaMind{
		cfg: cfg, role: cfg.this().Role, normal: normalOf(cfg.Mode), own: []string{cfg.ThisServerName},
		all: []string{"server1", "server2"}, state: StateWaiting, previous: StateWaiting, fresh: true, serving: true, contact: now,
	}
	if cfg.Mode == HotStandby {
		m.all = m.all[:1]
		if m.role == Standby {
			m.own = nil
		}
	}
	return m
}

func (m *keaMind) clone() *keaMind {
	c := *m
	return &c // its slices are replaced, not changed
}

func (m *keaMind) Deadline() time.Time {
	if !m.started {
		return m.contact
	}
	if m.out {
		return time.Time{}
	}
	return m.beat
}

func (m *keaMind) InterruptedAt() time.Time {
	return m.contact.Add(m.cfg.maxResponseDelay() + time.Millisecond)
}
func (m *keaMind) State() State     { return m.state }
func (m *keaMind) Partner() State   { return m.partner }
func (m *keaMind) Scopes() []string { return m.scopes }
func (m *keaMind) Serving() bool    { return m.serving }
func (m *keaMind) Covering() bool   { return false }
func (m *keaMind) Ours() bool       { return false }
func (m *keaMind) Paused() bool     { return false }
func (m *keaMind) Unacked() int     { return len(m.clients) }
func (m *keaMind) Unsent() uint64   { return m.unsent }

func (m *keaMind) Updates() updates {
	switch m.state {
	case m.normal, StatePartnerInMaintenance:
		return updatesAwaited
	case StateCommunicationRecovery:
		return updatesQueued
	}
	return updatesUnsent
}

func (m *keaMind) do(a action) { m.actions = append(m.actions, a) }

func (m *keaMind) reply(result int) { m.do(reply{ctrl.Response{Result: result}}) }

func (m *keaMind) Step(now time.Time, ev event) []action {
	if !m.started {
		m.started = true
		m.run(now)
		m.schedule(now)
	}
	switch ev := ev.(type) {
	case tick:
		if !m.beat.IsZero() && !now.Before(m.beat) && !m.out {
			m.beat, m.out = time.Time{}, true
			m.do(sendHeartbeat{})
		}
	case heartbeatAnswered:
		m.heartbeat(now, &ev.Report)
	case heartbeatFailed:
		m.heartbeat(now, nil)
	case updateAnswered:
		switch ev.Outcome {
		case failed:
			m.found(now, StateUnavailable)
		default:
			m.refused = ev.Outcome == rejected
		}
		m.run(now)
	case updateUnsent:
		m.unsent++
	case queryLeft:
		if id := ev.Client.HWAddr[0]; m.interrupted(now) && ev.Waited > m.cfg.maxAckDelay() && !slices.Contains(m.clients, id) {
			m.clients = append(slices.Clip(m.clients), id)
		}
	case syncDone:
		m.syncDone(now, ev)
	case backlogDone:
		m.backlogDone(now, ev.OK)
	case backlogOverflowed:
		m.overflowed = true
	case resetDone:
		m.resetDone(now, ev.OK)
	case notifyDone:
		m.notifyDone(now, ev)
	case serviceSwitched:
		m.off = !ev.On
	case reset:
		if m.state != StateWaiting {
			m.force(now, StateWaiting)
		}
		m.reply(ctrl.Success)
	case setScopes:
		m.scopes = ev.Scopes
		m.adjust()
		m.reply(ctrl.Success)
	case maintenanceStart:
		switch m.state {
		case StateInMaintenance, StatePartnerInMaintenance, StateTerminated:
			m.reply(ctrl.Error)
		default:
			m.notify = notifyStart
			m.do(sendMaintenanceNotify{State: m.state})
		}
	case maintenanceCancel:
		if m.state != StatePartnerInMaintenance {
			m.reply(ctrl.Error)
			break
		}
		m.notify = notifyCancel
		m.do(sendMaintenanceNotify{Cancel: true, State: m.before()})
	case maintenanceNotify:
		m.notified(now, ev)
	case syncCompleted:
		if m.state == StatePartnerDown {
			m.completed, m.serving = true, false
		}
	}
	actions := m.actions
	m.actions = nil
	return actions
}

func (m *keaMind) schedule(now time.Time) {
	m.beat = time.Time{}
	if !m.out && m.state != StateTerminated && (m.job != jobSync || m.stale) {
		m.beat = now.Add(m.cfg.heartbeatDelay())
	}
}

func (m *keaMind) heartbeat(now time.Time, r *report) {
	m.out = false
	if r == nil {
		m.found(now, StateUnavailable)
	} else {
		m.found(now, r.State)
		m.contact, m.clients = now, nil
		m.theirs = [2]uint64{m.theirs[1], r.Unsent}
		m.skew = time.Duration(r.Time.Unix()-now.Unix()) * time.Second
	}
	m.run(now)
	if m.completed {
		m.completed = false
		if r == nil && m.state == StatePartnerDown {
			m.serving = true
		}
	}
	m.schedule(now)
}

func (m *keaMind) found(now time.Time, s State) {
	if m.partner != s {
		m.partner, m.since = s, now
	}
	if s == StateUnavailable {
		m.skew = 0
	}
}

func (m *keaMind) interrupted(now time.Time) bool {
	return now.Sub(m.contact) > m.cfg.maxResponseDelay()
}

// down says whether the partner is taken for down.
func (m *keaMind) down(now time.Time) bool {
	if !m.interrupted(now) {
		return false
	}
	if m.serving && !m.off && (m.cfg.Mode == LoadBalancing || m.role == Standby) {
		limit := m.cfg.maxUnackedClients()
		return limit == 0 || len(m.clients) > limit
	}
	return true
}

// to changes the state; always true.
func (m *keaMind) to(s State) bool {
	m.do(stateChanged{From: m.state, To: s, Partner: m.partner})
	m.fresh = m.fresh || m.state != s
	m.previous, m.state = m.state, s
	m.stale = m.job != jobNone
	return true
}

// run applies the rules of the states until they leave the state as it is.
func (m *keaMind) run(now time.Time) {
	for m.handle(now) {
	}
}

// force changes the state by a command: what follows waits for the next event.
func (m *keaMind) force(now time.Time, s State) {
	m.to(s)
	m.handle(now)
}

// cancelled goes back to the state before maintenance, where no rule is applied.
func (m *keaMind) cancelled(now time.Time, partner State) {
	if partner == StateNone {
		partner = StateUnavailable
	}
	m.found(now, partner)
	m.to(m.before())
	m.entered(now)
}

func (m *keaMind) before() State {
	if m.previous == m.state {
		return StateWaiting
	}
	return m.previous
}

// adjust switches the service, for which nothing is done if others hold it off
// already.
func (m *keaMind) adjust() {
	switch {
	case servesIn(m.state):
		m.serving = true
	case !m.off:
		m.serving = false
	}
}

func (m *keaMind) entered(now time.Time) {
	if !m.fresh {
		return
	}
	m.fresh = false
	switch m.state {
	case StateWaiting, StateSyncing, StateReady, StatePartnerDown, StateTerminated:
		m.refused = false
	}
	switch m.state {
	case m.normal, StateCommunicationRecovery, StateTerminated:
		m.scopes = m.own
	case StatePartnerDown, StatePartnerInMaintenance:
		m.scopes = m.all
	default:
		m.scopes = nil
	}
	m.adjust()
	if m.state == StateTerminated {
		m.beat = time.Time{}
	} else if m.beat.IsZero() && m.started {
		m.schedule(now) // it comes from terminated
	}
}

// handle is one run of the state's handler; true: another is to follow.
func (m *keaMind) handle(now time.Time) bool {
	if m.job != jobNone && !m.stale || m.notify != notifyNone {
		return false // blocked
	}
	m.entered(now)
	if m.state == StateInMaintenance || m.state == StateTerminated {
		return false
	}
	if m.skew.Abs() > time.Minute || m.refused {
		return m.leave(StateTerminated)
	}
	p := m.partner
	if m.cfg.Mode != LoadBalancing && (p == StateLoadBalancing || p == StateCommunicationRecovery) ||
		m.cfg.Mode != HotStandby && p == StateHotStandby {
		if m.state == StateWaiting || m.state == StatePartnerInMaintenance {
			return false
		}
		return m.leave(StateWaiting)
	}
	if p == StateTerminated && m.state != StateWaiting && m.state != StatePartnerInMaintenance {
		return m.leave(StateTerminated)
	}
	switch m.state {
	case StateWaiting:
		return m.waiting(now)
	case StateSyncing:
		if p == StateUnavailable {
			return m.down(now) && m.leave(StatePartnerDown)
		}
		m.begin(jobSync, synchronize{})
	case StateReady:
		switch p {
		case StateUnavailable:
			return m.down(now) && m.leave(StatePartnerDown)
		case StateReady:
			return m.role == Primary && m.leave(m.normal)
		case m.normal, StateCommunicationRecovery:
			return m.leave(m.normal)
		}
		return m.maintained()
	case m.normal:
		switch p {
		case StateUnavailable:
			return m.down(now) && m.leave(StatePartnerDown) ||
				m.cfg.delayedUpdatesLimit() > 0 && m.leave(StateCommunicationRecovery)
		case StatePartnerDown:
			return m.leave(StateWaiting)
		}
		return m.maintained()
	case StateCommunicationRecovery:
		return m.recovery(now)
	case StatePartnerDown:
		switch p {
		case StateReady:
			if m.theirs[1] > 0 && m.theirs[0] != m.theirs[1] {
				return m.leave(StateWaiting)
			}
			return m.leave(m.normal)
		case StateCommunicationRecovery, StatePartnerDown, StatePartnerInMaintenance:
			return m.leave(StateWaiting)
		}
	case StatePartnerInMaintenance:
		return p == StateUnavailable && m.leave(StatePartnerDown)
	}
	return false
}

// leave is how a handler changes the state.
func (m *keaMind) leave(s State) bool {
	if m.state == StateCommunicationRecovery {
		m.overflowed = false
		m.do(dropBacklog{})
	}
	return m.to(s)
}

func (m *keaMind) maintained() bool {
	switch m.partner {
	case StateInMaintenance:
		return m.leave(StatePartnerInMaintenance)
	case StatePartnerInMaintenance:
		return m.leave(StateInMaintenance)
	}
	return false
}

func (m *keaMind) waiting(now time.Time) bool {
	switch m.partner {
	case StateUnavailable:
		return m.down(now) && m.leave(StatePartnerDown)
	case StateWaiting:
		return m.role == Primary && m.leave(StateSyncing)
	case StateTerminated:
		return now.Sub(m.since) >= terminatedLong && m.leave(StateTerminated)
	case StateNone, StateSyncing, StateBackup, StatePassiveBackup:
		return false
	}
	return m.leave(StateSyncing)
}

func (m *keaMind) recovery(now time.Time) bool {
	switch m.partner {
	case StateUnavailable:
		return m.down(now) && m.leave(StatePartnerDown)
	case StateWaiting, StateSyncing, StateReady:
		return !m.interrupted(now) && m.overflowed && m.leave(StateWaiting)
	case m.normal, StateCommunicationRecovery:
		switch {
		case m.interrupted(now):
		case m.overflowed:
			m.begin(jobReset, sendReset{})
		default:
			m.begin(jobBacklog, sendBacklog{})
		}
		return false
	case StatePartnerDown:
		return m.leave(StateWaiting)
	}
	return m.maintained()
}

func (m *keaMind) begin(j job, a action) {
	if m.job != jobNone {
		return
	}
	m.job, m.stale = j, false
	if j == jobSync {
		m.beat = time.Time{}
	}
	m.do(a)
}

// ended says whether a job has ended that is still wanted.
func (m *keaMind) ended(j job) bool {
	wanted := m.job == j && !m.stale
	m.job, m.stale = jobNone, false
	return wanted
}

func (m *keaMind) syncDone(now time.Time, ev syncDone) {
	wanted := m.ended(jobSync)
	if m.beat.IsZero() {
		m.schedule(now)
	}
	switch {
	case !wanted:
	case ev.OK:
		m.leave(StateReady)
		m.run(now)
	case ev.Unreachable:
		m.found(now, StateUnavailable)
	}
}

func (m *keaMind) backlogDone(now time.Time, ok bool) {
	switch wanted := m.ended(jobBacklog); {
	case !wanted:
	case ok:
		m.leave(m.normal)
		m.run(now)
	default:
		m.begin(jobReset, sendReset{})
	}
}

func (m *keaMind) resetDone(now time.Time, ok bool) {
	switch wanted := m.ended(jobReset); {
	case !wanted:
	case ok:
		m.leave(StateWaiting)
		m.run(now)
	default:
		m.run(now) // at once
	}
}

func (m *keaMind) notifyDone(now time.Time, ev notifyDone) {
	was := m.notify
	m.notify = notifyNone
	answered := ev.Answered && ev.Result == ctrl.Success
	switch {
	case was == notifyCancel && answered:
		m.cancelled(now, ev.State)
		m.reply(ctrl.Success)
	case was == notifyCancel:
		m.found(now, StateUnavailable)
		m.reply(ctrl.Error)
	case answered:
		m.force(now, StatePartnerInMaintenance)
		m.reply(ctrl.Success)
	case !ev.Answered || ev.Result == ctrl.Error:
		m.found(now, StateUnavailable)
		m.force(now, StatePartnerDown)
		m.reply(ctrl.Success)
	default:
		m.found(now, StateUnavailable)
		m.reply(ctrl.Error)
	}
}

func (m *keaMind) notified(now time.Time, ev maintenanceNotify) {
	switch {
	case ev.Cancel && m.state != StateInMaintenance:
		m.reply(ctrl.Error)
	case ev.Cancel:
		m.cancelled(now, ev.State)
		m.reply(ctrl.Success)
	case m.state == StatePartnerInMaintenance || m.state == StateTerminated:
		m.reply(notAllowed)
	default:
		m.force(now, StateInMaintenance)
		m.reply(ctrl.Success)
	}
}
