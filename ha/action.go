package ha

import (
	"log/slog"

	"github.com/dhcpha/dhcpha/ctrl"
)

// Action is what is to be done after a step of a Machine.
type Action interface{ action() }

// The actions.
type (
	// SendHeartbeat: send ha-heartbeat to the partner; the end is
	// HeartbeatAnswered or HeartbeatFailed. Not asked for again before.
	SendHeartbeat struct{}

	// Synchronize: bring the partner's leases here; the end is SyncDone. It
	// may be asked for again only after that. When the state syncing has
	// been left meanwhile it may be given up; SyncDone is told all the same.
	Synchronize struct{}

	// SendBacklog: send the partner what it has missed; the end is
	// BacklogDone.
	SendBacklog struct{}

	// DropBacklog: what waits for the partner need not be sent one by one,
	// a synchronization will bring it.
	DropBacklog struct{}

	// SendReset: send ha-reset to the partner; the end is ResetDone.
	SendReset struct{}

	// SendMaintenanceNotify: send ha-maintenance-notify to the partner; the
	// end is NotifyDone.
	SendMaintenanceNotify struct {
		Cancel bool
		State  State // this server's, or with Cancel the one it will return to
	}

	// SwitchService: hold the DHCP service off for this server's HA, or let
	// it go on.
	SwitchService struct{ On bool }

	// StateChanged tells of a new state, for logs and observers, after the
	// service has been switched for it. State, scopes and the rest are read
	// from the Machine.
	StateChanged struct{ From, To, Partner State }

	// Reply answers the command that waits.
	Reply struct{ Response ctrl.Response }

	// Log is a line for people.
	Log struct {
		Level   slog.Level
		Message string
		Attrs   []slog.Attr
	}
)

func (SendHeartbeat) action()         {}
func (Synchronize) action()           {}
func (SendBacklog) action()           {}
func (DropBacklog) action()           {}
func (SendReset) action()             {}
func (SendMaintenanceNotify) action() {}
func (SwitchService) action()         {}
func (StateChanged) action()          {}
func (Reply) action()                 {}
func (Log) action()                   {}
