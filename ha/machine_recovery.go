package ha

import "time"

// syncDone is the end of Synchronize.
func (m *machine) syncDone(now time.Time, ev syncDone) {
	if !m.end(now, jobSync) {
		return
	}
	if ev.OK {
		p := &m.partner
		p.fetched, p.wasFetched, p.justFetched = p.fetching, true, true
		if m.state != StateSyncing {
			m.ran = now
			m.hurry(now) // it may no longer be what it was
			return
		}
		m.enter(now, StateReady)
		m.run(now)
		return
	}
	// Tried again when the partner has answered a heartbeat; nothing but a
	// heartbeat can tell whether it is lost, since none was sent meanwhile.
	m.ran = now
	if ev.Unreachable {
		m.found(now, StateUnavailable)
	}
}

// communicationRecovery waits for the partner and gives it what it has missed.
func (m *machine) communicationRecovery(now time.Time) bool {
	if m.apart(now) {
		return true
	}
	switch s := m.seen(); s {
	case StateUnavailable:
		if m.lost(now) {
			m.dropBacklog()
			return m.enter(now, StatePartnerDown)
		}
	case StateWaiting, StateSyncing, StateReady:
		m.partner.wasFetched = false // it has been alone, or forgotten what it kept for this server
		// It fetches the leases of this server; too much is missing to go
		// on without fetching its leases, too.
		if !m.partner.ours && m.overflowed && !m.interrupted(now) {
			return m.enter(now, StateWaiting)
		}
	case m.normal, StateCommunicationRecovery:
		m.recover(now)
	case StatePartnerDown:
		return m.enter(now, StateWaiting)
	case StateInMaintenance:
		return m.enter(now, StatePartnerInMaintenance)
	case StatePartnerInMaintenance:
		return m.enter(now, StateInMaintenance)
	case StateBackup, StatePassiveBackup:
		return !m.interrupted(now) && m.enter(now, StateWaiting)
	}
	return false
}

// recoverable says whether the partner can be given what it has missed.
func (m *machine) recoverable(now time.Time) bool {
	s := m.seen()
	return m.state == StateCommunicationRecovery && !m.interrupted(now) && (s == m.normal || s == StateCommunicationRecovery)
}

// recover sends the partner what it has missed or, if that is too much, has
// it fetch the leases. Two of ours know what the other has and never lose
// count.
func (m *machine) recover(now time.Time) {
	switch {
	case !m.recoverable(now):
	case m.overflowed && !m.partner.ours:
		m.begin(jobReset, sendReset{})
	case m.missing():
		// It was alone and has come back. Nothing that is older here may replace
		// what it has given out then.
		m.begin(jobSync, synchronize{})
	default:
		m.begin(jobBacklog, sendBacklog{})
	}
}

// backlogDone is the end of sendBacklog.
func (m *machine) backlogDone(now time.Time, ok bool) {
	if !m.end(now, jobBacklog) {
		return
	}
	switch {
	case ok && m.recoverable(now):
		m.enter(now, m.normal)
		m.run(now)
	case !ok && !m.partner.ours:
		// Part of it may have gone: from now on only fetching is safe. Kea
		// forgets what has failed, and may go on without it.
		m.overflowed = true
		m.begin(jobReset, sendReset{})
	}
	// Otherwise it is tried again after the next heartbeat.
}

// resetDone is the end of sendReset. If it has failed it is tried again after
// the next heartbeat, where Kea tries again at once, for ever.
func (m *machine) resetDone(now time.Time, ok bool) {
	if !m.end(now, jobReset) {
		return
	}
	if !ok {
		return
	}
	m.dropBacklog()
	m.enter(now, StateWaiting)
	m.run(now)
}

// dropBacklog: the partner will fetch the leases.
func (m *machine) dropBacklog() {
	if !m.partner.ours {
		m.do(dropBacklog{})
	}
}
