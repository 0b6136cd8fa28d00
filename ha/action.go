package ha

import (
	"log/slog"

	"github.com/dhcpha/dhcpha/ctrl"
)

// action is what is to be done after a step of a machine.
type action interface{ action() }

// The actions.
type (
	// sendHeartbeat: send ha-heartbeat to the partner; the end is
	// heartbeatAnswered or heartbeatFailed. Not asked for again before.
	sendHeartbeat struct{}

	// synchronize: bring the partner's leases here; the end is syncDone. It
	// may be asked for again only after that. When the state has changed
	// meanwhile it may be given up; syncDone is told all the same.
	synchronize struct{}

	// sendBacklog: send the partner what it has missed; the end is
	// backlogDone.
	sendBacklog struct{}

	// dropBacklog: what waits for the partner need not be sent one by one,
	// a synchronization will bring it.
	dropBacklog struct{}

	// sendReset: send ha-reset to the partner; the end is resetDone.
	sendReset struct{}

	// sendMaintenanceNotify: send ha-maintenance-notify to the partner; the
	// end is notifyDone.
	sendMaintenanceNotify struct {
		Cancel bool
		State  State // this server's, or with Cancel the one it will return to
	}

	// switchService: hold the DHCP service off for this server's HA, or let
	// it go on.
	switchService struct{ On bool }

	// stateChanged tells of a new state, for logs and observers, after the
	// service has been switched for it. State, scopes and the rest are read
	// from the machine.
	stateChanged struct{ From, To, Partner State }

	// reply answers the command that waits.
	reply struct{ Response ctrl.Response }

	// logLine is a line for people.
	logLine struct {
		Level   slog.Level
		Message string
		Attrs   []slog.Attr
	}
)

func (sendHeartbeat) action()         {}
func (synchronize) action()           {}
func (sendBacklog) action()           {}
func (dropBacklog) action()           {}
func (sendReset) action()             {}
func (sendMaintenanceNotify) action() {}
func (switchService) action()         {}
func (stateChanged) action()          {}
func (reply) action()                 {}
func (logLine) action()               {}
