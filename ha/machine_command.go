package ha

import (
	"slices"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
)

func (m *machine) reply(result int, text string) {
	m.do(reply{ctrl.Response{Result: result, Text: text}})
}

// reset is ha-reset.
func (m *machine) reset(now time.Time) {
	if m.state == StateWaiting {
		m.reply(ctrl.Success, "HA state machine already in WAITING state.")
		return
	}
	m.enter(now, StateWaiting)
	if m.partner.state == StateUnavailable && m.heartbeat.delay > 0 {
		// Most likely it was the partner who sent this, when a partition had
		// ended. A Kea takes it for lost at once, and may go on without
		// fetching what it has missed; here it is asked first.
		m.ran = now
		m.heartbeat.late = m.heartbeat.out
	} else {
		m.once(now)
	}
	m.hurry(now)
	m.reply(ctrl.Success, "HA state machine reset.")
}

// continues is ha-continue.
func (m *machine) continues(now time.Time) {
	if !m.paused {
		m.reply(ctrl.Success, "HA state machine is not paused.")
		return
	}
	m.paused = false
	m.hurry(now)
	if m.partnerName == "" {
		m.run(now) // no heartbeat will
	}
	m.reply(ctrl.Success, "HA state machine continues.")
}

// pause stops in the state just entered, if so configured. Who is stopped
// already does not use up the only pause of another state.
func (m *machine) pause() {
	if m.paused {
		return
	}
	bit := uint32(1) << m.state
	switch m.cfg.pause(m.state) {
	case PauseAlways:
		m.paused = true
	case PauseOnce:
		m.paused = m.pausesUsed&bit == 0
		m.pausesUsed |= bit
	}
}

// setScopes is ha-scopes.
func (m *machine) setScopes(scopes []string) {
	for _, s := range scopes {
		if m.cfg.peer(s) == nil {
			m.reply(ctrl.Error, "invalid server name specified '"+s+"' while enabling/disabling HA scopes")
			return
		}
	}
	m.scopes = slices.Compact(slices.Sorted(slices.Values(scopes)))
	m.do(switchService{On: m.serving})
	m.reply(ctrl.Success, "New HA scopes configured.")
}
