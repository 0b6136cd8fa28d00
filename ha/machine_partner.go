package ha

import (
	"log/slog"
	"slices"
	"time"
)

// Limits that Kea has built in.
const (
	skewWarned     = 30 * time.Second
	skewFatal      = 60 * time.Second
	skewWarnEvery  = 60 * time.Second
	terminatedLong = 10 * time.Minute
	slowest        = 64 // heartbeat-delays between heartbeats in terminated
)

// partner is what is known of the other server.
type partner struct {
	state       State
	since       time.Time // when state became another
	contact     time.Time // its last answer to a heartbeat; before the first: the start
	answered    bool      // there was one
	ours        bool      // by its last answer; remembered while it is unavailable
	storeFailed bool
	scopes      []string
	dated       bool   // it has said this before it could know of this server's state
	unsent      uint64 // as of the last heartbeat that told
	fetching    uint64 // unsent when the synchronization under way began
	fetched     uint64 // and when the last one that succeeded did
	wasFetched  bool   // there was one since it may have been alone
	justFetched bool   // and since it was first heard in this state
	skew        time.Duration
	skewKnown   bool      // measured, and the partner is there
	warned      time.Time // of the skew
}

// found records the partner's state.
func (m *machine) found(now time.Time, s State) {
	p := &m.partner
	if p.state != s {
		p.state, p.since, p.justFetched = s, now, false
	}
	if s == StateUnavailable {
		p.skewKnown, p.warned = false, time.Time{} // its clock may have been set meanwhile
	}
}

// heartbeatEnded takes the partner's answer; nil: there was none.
func (m *machine) heartbeatEnded(now time.Time, r *report) {
	if !m.heartbeat.out {
		return
	}
	late, stale := m.heartbeat.late, m.heartbeat.stale
	m.partner.dated = m.heartbeat.dated
	m.heartbeat.out, m.heartbeat.late, m.heartbeat.stale, m.heartbeat.dated = false, false, false, false
	if r == nil && late {
		m.heartbeat.at = now
		return
	}
	if r != nil && (r.State == StateNone || r.State > StateUnavailable) {
		r = nil
	}
	was := m.state
	if r == nil {
		m.found(now, StateUnavailable)
	} else {
		m.answered(now, r, stale)
	}
	if was == StateTerminated {
		m.heartbeat.delay = min(2*m.heartbeat.delay, slowest*m.cfg.heartbeatDelay())
		if r != nil && r.Ours && !m.paused {
			// What made it give up cooperation is not fatal between two
			// of ours.
			m.enter(now, StateWaiting)
		}
	}
	m.run(now)
	m.unhold()
	m.schedule(now)
}

func (m *machine) answered(now time.Time, r *report, stale bool) {
	p := &m.partner
	state := r.State
	if state == StatePartnerInMaintenance && now.Before(m.cancelledAt.Add(m.cfg.heartbeatDelay())) {
		state = p.state // it has cancelled that, but has yet to be told that this server knows
	}
	if stale && state == StateInMaintenance {
		state = p.state // it has said this before it was told that maintenance is cancelled
	}
	m.found(now, state)
	p.contact, p.answered = now, true
	m.clients = clients{}
	p.ours, p.storeFailed = r.Ours, r.Ours && r.StoreFailed
	p.scopes = slices.Clone(r.Scopes)
	if r.HasUnsent {
		p.unsent = r.Unsent
	}
	if r.State != StateUnavailable {
		here := now
		if !r.At.IsZero() {
			here = r.At
		}
		p.skew, p.skewKnown = time.Duration(r.Time.Unix()-here.Unix())*time.Second, true
	}
}

// missing says whether a Kea may have leases that it has not told this server of:
// its leases have not been fetched since it may have been alone, or it has counted
// more since they were. Kea compares the last two heartbeats only, and so misses
// what it was told while it did not look, and whatever the other has counted before
// it was started anew. What it counts in the state in which its leases were fetched
// does not matter, or it could keep this server from going on. Of two of ours this one
// has waited for them before it heeds what the other says.
func (m *machine) missing() bool {
	p := &m.partner
	if p.ours || !m.cfg.syncLeases() {
		return false
	}
	return !p.wasFetched || !p.justFetched && p.unsent > 0 && p.unsent != p.fetched // 0: it has just started
}

// unhold lets the service go on that ha-sync-complete-notify has stopped in
// partner-down, if the heartbeat after it has left the state as it is. Kea
// does so only if that heartbeat has failed; otherwise nobody serves until the
// state changes.
func (m *machine) unhold() {
	if m.held {
		m.held = false
		m.serve(true)
	}
}

// syncCompleted: the partner has fetched the leases. What partner-down gives
// out from now on until the partner is ready would be missed.
func (m *machine) syncCompleted() {
	if m.state == StatePartnerDown && !m.partner.ours {
		m.held = true
		m.serve(false)
	}
}

// interrupted says whether the partner has been silent for too long. Only its
// answers to heartbeats count.
func (m *machine) interrupted(now time.Time) bool {
	return !now.Before(m.interruptedAt())
}

func (m *machine) interruptedAt() time.Time {
	return m.partner.contact.Add(m.cfg.maxResponseDelay() + time.Millisecond)
}

// lost says whether the partner is to be taken for down, once it is
// unavailable: it is interrupted and, where its clients can be watched, they
// do not get answers. Whoever covers for it has its clients already.
func (m *machine) lost(now time.Time) bool {
	if !m.interrupted(now) {
		return false
	}
	return !m.watches() || m.failureDetected(now)
}

// watches says whether it can be seen that the partner's clients get no answer.
func (m *machine) watches() bool {
	return m.serving && !m.serviceOff && !m.covering && (m.cfg.Mode == LoadBalancing || m.role == Standby)
}

// lossDue is when the partner may become lost by the passing of time alone;
// zero: by nothing or in no time. Kea notices with the next heartbeat.
func (m *machine) lossDue() time.Time {
	if m.partner.state != StateUnavailable {
		return time.Time{}
	}
	for _, at := range []time.Time{m.interruptedAt(), m.longInterruptedAt()} {
		if at.After(m.ran) {
			return at
		}
	}
	return time.Time{}
}

// mustTerminate says whether cooperation is given up: the clocks differ so
// much that lease times mean nothing to the partner, or it refuses too many
// leases. Two of ours translate times, and set a refused lease aside.
func (m *machine) mustTerminate(now time.Time) bool {
	p := &m.partner
	skew := p.skew.Abs()
	switch {
	case !p.skewKnown || skew <= skewWarned:
	case skew > skewFatal && !p.ours:
		m.log(slog.LevelError, "giving up cooperation: the clocks differ too much", slog.Duration("clock-offset", p.skew))
		return true
	case p.warned.IsZero() || now.Sub(p.warned) > skewWarnEvery:
		p.warned = now
		m.log(slog.LevelWarn, "the clocks of the two servers differ", slog.Duration("clock-offset", p.skew))
	}
	if limit := m.cfg.maxRejectedLeaseUpdates(); limit > 0 && !p.ours && m.rejections(now) >= limit {
		m.log(slog.LevelError, "giving up cooperation: the partner refuses leases", slog.Int("clients", limit))
		return true
	}
	return false
}
