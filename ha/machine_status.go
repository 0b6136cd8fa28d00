package ha

import "time"

// State returns the server's state.
func (m *machine) State() State { return m.state }

// Partner returns the partner's state as it was last found.
func (m *machine) Partner() State { return m.partner.state }

// PartnerScopes returns whose clients the partner said it serves.
func (m *machine) PartnerScopes() []string { return m.partner.scopes }

// Scopes returns the names of the servers whose clients are served, sorted. It
// must not be changed.
func (m *machine) Scopes() []string { return m.scopes }

// Serving says whether the machine wants the DHCP service on.
func (m *machine) Serving() bool { return m.serving }

// Covering says whether the partner's clients are served although the state
// is one that shares them.
func (m *machine) Covering() bool { return m.covering }

// Ours says whether the partner's last answer was that of a server of this
// kind.
func (m *machine) Ours() bool { return m.partner.ours }

// Paused says whether the machine waits for ha-continue.
func (m *machine) Paused() bool { return m.paused }

// StoreFailed says whether leases cannot be made durable here. A Kea does not
// take over for a server that waits: it must not be answered.
func (m *machine) StoreFailed() bool { return m.storeFailed }

// InTouch says whether anything was ever found about the partner, be it that
// it is unavailable.
func (m *machine) InTouch() bool { return m.partner.state != StateNone }

// InterruptedAt returns when the partner's silence will have been too long, or
// was; it moves with each of its answers. Zero: there is no partner.
func (m *machine) InterruptedAt() time.Time {
	if m.partnerName == "" {
		return time.Time{}
	}
	return m.interruptedAt()
}

// Skew returns how much the partner's clock is ahead, in whole seconds, and
// whether that is known. It is the last known one while it is unavailable.
func (m *machine) Skew() (time.Duration, bool) { return m.partner.skew, m.partner.answered }

// Unsent returns how many queries changed leases without the partner being
// told, since the start.
func (m *machine) Unsent() uint64 { return m.unsent }

// Rejected returns how many clients' leases the partner has refused.
func (m *machine) Rejected(now time.Time) int { return m.rejections(now) }

// Analyzed returns how many of the partner's queries were watched since it
// fell silent, Connecting from how many clients, Unacked how many of these
// have waited for too long.
func (m *machine) Analyzed() uint64 { return m.clients.analyzed }

// Connecting: see Analyzed.
func (m *machine) Connecting() int { return len(m.clients.seen) }

// Unacked: see Analyzed.
func (m *machine) Unacked() int { return m.clients.unacked }

// UnackedLeft returns how many more clients must have waited for too long
// before their number is too large, as status-get tells it: 0 as long as the
// partner is not silent, or if it is too large. Takeover says what it means.
func (m *machine) UnackedLeft(now time.Time) int {
	if m.partnerName == "" || !m.interrupted(now) {
		return 0
	}
	return unackedLeft(m.cfg, m.clients.unacked)
}

// unackedLeft is how many more clients must go unanswered than have.
func unackedLeft(cfg *Config, unacked int) int {
	return max(cfg.maxUnackedClients()-unacked+1, 0)
}

// Takeover is what a silent partner still has before it is taken for down.
type Takeover struct {
	In      time.Duration // until it has been silent for too long; 0: it has
	Clients int           // that must wait for too long, then; 0: none need to
	OneIn   time.Duration // after this a single client is enough; 0: that is never so
}

// Takeover returns what stands between now and partner-down; false: the
// machine is not on the way there.
func (m *machine) Takeover(now time.Time) (Takeover, bool) {
	switch m.state {
	case StateWaiting, StateSyncing, StateReady, StateLoadBalancing, StateHotStandby, StateCommunicationRecovery:
	case StateInMaintenance:
		if !m.partner.ours {
			return Takeover{}, false
		}
	default:
		return Takeover{}, false
	}
	if m.partner.state != StateUnavailable || m.storeFailed || m.paused {
		return Takeover{}, false
	}
	t := Takeover{In: max(m.interruptedAt().Sub(now), 0)}
	if m.watches() && !m.failureDetected(now) {
		t.Clients = unackedLeft(m.cfg, m.clients.unacked)
		if m.partner.ours {
			t.OneIn = max(m.longInterruptedAt().Sub(now), 0)
		}
	}
	return t, true
}

// WaitsFor says in words what the machine waits for in its state; empty: for
// nothing, this is where it belongs.
func (m *machine) WaitsFor() string {
	switch {
	case m.storeFailed:
		return "the lease database, which cannot be written"
	case m.paused:
		return "ha-continue"
	case m.notify != notifyNone:
		return "the partner's answer to ha-maintenance-notify"
	}
	switch m.job {
	case jobSync:
		return "the partner's leases"
	case jobBacklog:
		return "the partner to take the leases it has missed"
	case jobReset:
		return "the partner's answer to ha-reset"
	}
	switch m.state {
	case StateWaiting, StateSyncing, StateReady:
		switch m.partner.state {
		case StateNone, StateUnavailable:
			return "the partner's answer to a heartbeat"
		case StateTerminated:
			return "the partner to be restarted"
		}
		return "the partner, which is in state " + m.partner.state.String()
	case StateCommunicationRecovery, StatePartnerDown:
		return "the partner to come back"
	case StatePartnerInMaintenance:
		return "the partner's maintenance to begin, or ha-maintenance-cancel"
	case StateInMaintenance:
		return "being shut down, or ha-maintenance-cancel at the partner"
	case StateTerminated:
		return "a restart of both servers, or a partner of this kind"
	}
	return ""
}
