package ha

import "time"

// rules applies the rules of the state and says whether it has changed.
func (m *machine) rules(now time.Time) bool {
	switch m.state {
	case StateWaiting:
		return m.waiting(now)
	case StateSyncing:
		return m.syncing(now)
	case StateReady:
		return m.ready(now)
	case StateLoadBalancing, StateHotStandby:
		return m.cooperating(now)
	case StateCommunicationRecovery:
		return m.communicationRecovery(now)
	case StatePartnerDown:
		return m.partnerDown(now)
	case StatePartnerInMaintenance:
		return m.partnerInMaintenance(now)
	case StateInMaintenance:
		return m.inMaintenance(now)
	}
	return false // backup, passive-backup and terminated are left by commands
}

// seen returns the partner's state as the rules take it: a primary of ours in
// hot-standby, too, keeps updates for its partner in communication-recovery,
// which for the standby is normal operation.
func (m *machine) seen() State {
	if m.partner.state == StateCommunicationRecovery && m.cfg.Mode == HotStandby && m.partner.ours {
		return StateHotStandby
	}
	return m.partner.state
}

// wrongMode says whether the state is one of another mode.
func (m *machine) wrongMode(s State) bool {
	switch s {
	case StateLoadBalancing, StateCommunicationRecovery:
		return m.cfg.Mode != LoadBalancing
	case StateHotStandby:
		return m.cfg.Mode != HotStandby
	}
	return false
}

// apart leaves the state, if the two cannot cooperate.
func (m *machine) apart(now time.Time) bool {
	switch s := m.seen(); {
	case m.mustTerminate(now):
		return m.enter(now, StateTerminated)
	case m.wrongMode(s):
		return m.enter(now, StateWaiting)
	case s == StateTerminated:
		return m.enter(now, StateTerminated)
	}
	return false
}

// unavailable goes to partner-down, if the partner is lost.
func (m *machine) unavailable(now time.Time) bool {
	return m.lost(now) && m.enter(now, StatePartnerDown)
}

func (m *machine) waiting(now time.Time) bool {
	if m.storeFailed {
		return false
	}
	switch {
	case m.role == Backup:
		return m.enter(now, StateBackup)
	case m.cfg.Mode == PassiveBackup:
		return m.enter(now, StatePassiveBackup)
	case m.mustTerminate(now):
		return m.enter(now, StateTerminated)
	}
	s := m.seen()
	if m.wrongMode(s) {
		return false
	}
	switch s {
	case StateUnavailable:
		return m.unavailable(now)
	case StateWaiting:
		// One of the two goes first. A partner that cannot store leases
		// does not go at all.
		if m.role != Primary && !m.partner.storeFailed {
			return false
		}
	case StateTerminated:
		// Two that wait for each other would wait for ever; one of ours
		// comes back by itself.
		return !m.partner.ours && now.Sub(m.partner.since) >= terminatedLong && m.enter(now, StateTerminated)
	case StateNone, StateSyncing, StateBackup, StatePassiveBackup:
		return false
	}
	if m.cfg.syncLeases() {
		return m.enter(now, StateSyncing)
	}
	return m.enter(now, StateReady)
}

func (m *machine) syncing(now time.Time) bool {
	if m.apart(now) {
		return true
	}
	if m.seen() == StateUnavailable {
		return m.unavailable(now)
	}
	m.begin(jobSync, synchronize{})
	return false
}

func (m *machine) ready(now time.Time) bool {
	if m.apart(now) {
		return true
	}
	switch s := m.seen(); s {
	case StateUnavailable:
		return m.unavailable(now)
	case StateReady:
		return m.role == Primary && !m.dated() && m.goOn(now)
	case m.normal, StateCommunicationRecovery:
		return !m.dated() && !m.partnerServesMine() && m.goOn(now)
	case StateInMaintenance:
		return m.enter(now, StatePartnerInMaintenance)
	case StatePartnerInMaintenance:
		if m.partner.storeFailed {
			return m.enter(now, StatePartnerDown) // it is about to leave that state
		}
		return m.enter(now, StateInMaintenance)
	case StateWaiting:
		// It waits for its store and serves nobody.
		return m.partner.storeFailed && m.enter(now, StatePartnerDown)
	}
	return false
}

// goOn goes to normal operation, in which a Kea tells all that it gives out. What
// may be missing by then is fetched first, in the state that there is.
func (m *machine) goOn(now time.Time) bool {
	if m.missing() {
		m.begin(jobSync, synchronize{})
		return false
	}
	return m.enter(now, m.normal)
}

// dated says whether one of this kind may have begun to serve this server's clients
// since it was last heard, though what it said then was another thing: then it is
// asked first.
func (m *machine) dated() bool { return m.partner.ours && m.partner.dated }

// cooperating are load-balancing and hot-standby.
func (m *machine) cooperating(now time.Time) bool {
	if m.apart(now) {
		return true
	}
	switch m.seen() {
	case StateUnavailable:
		if m.unavailable(now) {
			return true
		}
		return m.mayQueue() && m.enter(now, StateCommunicationRecovery)
	case StatePartnerDown:
		return m.enter(now, StateWaiting)
	case StateInMaintenance:
		return m.enter(now, StatePartnerInMaintenance)
	case StatePartnerInMaintenance:
		return m.enter(now, StateInMaintenance)
	}
	return false
}

// mayQueue says whether clients are served while the partner is silent but not
// yet lost. In hot-standby Kea's primary leaves its clients without answers
// then.
func (m *machine) mayQueue() bool {
	if m.cfg.Mode == HotStandby {
		return m.partner.ours && (m.role == Primary || m.covering)
	}
	return m.cfg.delayedUpdatesLimit() > 0
}

func (m *machine) partnerDown(now time.Time) bool {
	if m.apart(now) {
		return true
	}
	switch m.seen() {
	case StateReady:
		return m.goOn(now) // where Kea waits, and nobody serves, while it fetches
	case StateCommunicationRecovery, StatePartnerDown, StatePartnerInMaintenance:
		// One that cannot store leases is about to leave its clients to this server.
		return !m.partner.storeFailed && m.enter(now, StateWaiting)
	case StateInMaintenance:
		// It was out of reach for a moment only. With Kea both stay as they are
		// until the other is restarted; here the maintenance goes on, and can be
		// cancelled.
		return m.partner.ours && !m.partner.storeFailed && m.enter(now, StatePartnerInMaintenance)
	}
	return false // a partner in normal operation will see this state and wait
}

func (m *machine) partnerInMaintenance(now time.Time) bool {
	switch {
	case m.mustTerminate(now):
		return m.enter(now, StateTerminated)
	case m.seen() == StateUnavailable:
		return m.enter(now, StatePartnerDown)
	}
	return false
}

// inMaintenance ends by commands; but between two of ours not in nobody
// serving.
func (m *machine) inMaintenance(now time.Time) bool {
	p := &m.partner
	if p.ours && (p.storeFailed || p.state == StateUnavailable && m.interrupted(now)) {
		return m.enter(now, StatePartnerDown)
	}
	return false
}
