package ha

import (
	"log/slog"
	"slices"
)

// servesIn says whether the DHCP service is on in a state. It is on the
// standby in hot-standby too, so that it can watch the primary's clients.
func servesIn(s State) bool {
	switch s {
	case StatePassiveBackup, StateLoadBalancing, StateHotStandby, StateCommunicationRecovery,
		StatePartnerDown, StatePartnerInMaintenance, StateTerminated:
		return true
	}
	return false
}

// scopesIn returns whose clients are served in a state.
func (m *machine) scopesIn(s State) []string {
	switch s {
	case StatePartnerInMaintenance:
		return m.failover
	case StatePartnerDown:
		if m.autoFailover {
			return m.failover
		}
		return m.own
	case m.normal, StateCommunicationRecovery:
		if m.covering {
			return m.failover
		}
		return m.own
	case StatePassiveBackup, StateTerminated:
		return m.own
	}
	return nil
}

// shares says whether the state is one in which the partner serves its clients.
func (m *machine) shares() bool {
	return m.partnerName != "" && (m.state == m.normal || m.state == StateCommunicationRecovery)
}

// cover takes the partner's clients while it says that it is not serving them,
// and leaves them to it as soon as it is ready. With Kea nobody serves them.
func (m *machine) cover() {
	if !m.shares() {
		return
	}
	p := &m.partner
	want := m.covering
	switch p.state {
	case StateUnavailable, StateNone:
		// As long as it is silent nothing is known that is newer.
	case StateWaiting, StateSyncing:
		want = true
	default:
		want = p.storeFailed
	}
	want = want && p.ours && m.autoFailover
	if want == m.covering {
		return
	}
	m.covering = want
	m.scopes = m.scopesIn(m.state)
	if want {
		m.log(slog.LevelInfo, "covering for the partner", slog.Any("serves", m.scopes))
	} else {
		m.log(slog.LevelInfo, "no longer covering for the partner", slog.Any("serves", m.scopes))
	}
}

// partnerServesMine says whether the partner still covers for this server.
func (m *machine) partnerServesMine() bool {
	return m.partner.ours && slices.ContainsFunc(m.own, func(s string) bool { return slices.Contains(m.partner.scopes, s) })
}
