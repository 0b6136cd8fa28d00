package ha

import (
	"fmt"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
)

// notAllowed is the result of ha-maintenance-notify in a state that does not
// allow maintenance.
const notAllowed = 1001

// notify is which ha-maintenance-notify is under way.
type notify uint8

const (
	notifyNone notify = iota
	notifyStart
	notifyCancel
)

func (m *machine) replyUnable(result int, to State) {
	m.reply(result, fmt.Sprintf("Unable to transition the server from the %v to %v state.", m.state, to))
}

// maintenanceStart is ha-maintenance-start, by an administrator.
func (m *machine) maintenanceStart() {
	switch {
	case m.notify != notifyNone:
		m.reply(ctrl.Error, "Another maintenance command is in progress.")
	case m.partnerName == "" || m.storeFailed || m.state == StateInMaintenance ||
		m.state == StatePartnerInMaintenance || m.state == StateTerminated:
		m.replyUnable(ctrl.Error, StatePartnerInMaintenance)
	default:
		m.notify = notifyStart
		m.do(sendMaintenanceNotify{State: m.state})
	}
}

// maintenanceCancel is ha-maintenance-cancel, by an administrator.
func (m *machine) maintenanceCancel() {
	switch {
	case m.notify != notifyNone:
		m.reply(ctrl.Error, "Another maintenance command is in progress.")
	case m.state != StatePartnerInMaintenance:
		m.reply(ctrl.Error, "Unable to cancel maintenance request because the server is not in the partner-in-maintenance state.")
	default:
		m.notify = notifyCancel
		m.do(sendMaintenanceNotify{Cancel: true, State: m.before(StatePartnerInMaintenance)})
	}
}

// before returns the state to go back to from maintenance.
func (m *machine) before(maintenance State) State {
	if m.previous == maintenance {
		return StateWaiting
	}
	return m.previous
}

// notifyDone is the partner's answer to sendMaintenanceNotify.
func (m *machine) notifyDone(now time.Time, ev notifyDone) {
	was := m.notify
	m.notify = notifyNone
	switch was {
	case notifyStart:
		m.startAnswered(now, ev)
	case notifyCancel:
		m.cancelAnswered(now, ev)
	}
	m.hurry(now)
}

func (m *machine) startAnswered(now time.Time, ev notifyDone) {
	switch {
	case !ev.Answered || ev.Result == ctrl.Error:
		m.found(now, StateUnavailable)
		m.enterWith(now, StatePartnerDown, m.failover) // whatever auto-failover says
		m.once(now)
		m.reply(ctrl.Success, "Server is now in the partner-down state as its partner appears to be offline for maintenance.")
	case ev.Result == ctrl.Success:
		m.enter(now, StatePartnerInMaintenance)
		m.once(now)
		m.reply(ctrl.Success, "Server is now in the partner-in-maintenance state and its partner is in-maintenance state."+
			" The partner can be now safely shut down.")
	default:
		// Kea takes a partner that refuses for unavailable until its next
		// heartbeat.
		m.reply(ctrl.Error, "Unable to transition to the partner-in-maintenance state. The partner responded: "+ev.Text)
	}
}

func (m *machine) cancelAnswered(now time.Time, ev notifyDone) {
	switch {
	case !ev.Answered || ev.Result != ctrl.Success:
		m.found(now, StateUnavailable)
		m.reply(ctrl.Error, "Unable to cancel maintenance. The partner responded: "+ev.Text)
	default:
		m.cancelled(now, ev.State, StatePartnerInMaintenance)
		m.reply(ctrl.Success, "Server maintenance successfully canceled.")
	}
}

// cancelled goes back to the state before maintenance. What was last heard of
// the partner was its part in the maintenance, so no rule is applied before
// it has been heard again.
func (m *machine) cancelled(now time.Time, partner, maintenance State) {
	if m.state != maintenance {
		return // a command has changed it meanwhile
	}
	if partner == StateNone {
		partner = StateUnavailable
	}
	m.found(now, partner)
	m.enter(now, m.before(maintenance))
	m.ran = now
	m.heartbeat.stale = m.heartbeat.out
}

// maintenanceNotify is ha-maintenance-notify, from the partner.
func (m *machine) maintenanceNotify(now time.Time, ev maintenanceNotify) {
	switch {
	case ev.Cancel && m.state != StateInMaintenance:
		m.reply(ctrl.Error, "Unable to cancel the maintenance for the server not in the in-maintenance state.")
	case ev.Cancel:
		m.cancelled(now, ev.State, StateInMaintenance)
		m.cancelledAt = now
		m.do(reply{ctrl.Response{
			Text:      "Server maintenance canceled.",
			Arguments: map[string]string{"state": m.state.String()},
		}})
	case m.notify == notifyStart, m.state == StateBackup, m.state == StatePartnerInMaintenance, m.state == StateTerminated,
		ev.State == StateWaiting, ev.State == StateSyncing, ev.State == StateReady:
		// If both are asked to stand in for the other at the same time,
		// both refuse; with Kea both may serve everything. Nor are clients left
		// to a partner that has just started and may not have all their leases;
		// a Kea leaves them to it.
		m.replyUnable(notAllowed, StateInMaintenance)
	default:
		// Told twice, Kea forgets the state to go back to.
		if m.state != StateInMaintenance {
			m.enter(now, StateInMaintenance)
		}
		m.reply(ctrl.Success, "Server is in-maintenance state.")
	}
}
