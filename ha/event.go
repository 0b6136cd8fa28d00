package ha

import (
	"time"

	"github.com/dhcpha/dhcpha/lease"
)

// Event is something that has happened, for Machine.Step.
type Event interface{ event() }

// The events.
type (
	// Tick is the passing of the time that Machine.Deadline has named.
	Tick struct{}

	// HeartbeatAnswered is the partner's answer to SendHeartbeat.
	HeartbeatAnswered struct{ Report Report }

	// HeartbeatFailed is the end of SendHeartbeat without a good answer.
	HeartbeatFailed struct{}

	// UpdateAnswered is the end of a lease update that was sent to a peer
	// and waited for.
	UpdateAnswered struct {
		Peer    string       // its name
		Client  lease.Client // whose lease it was; not known: zero
		Outcome Outcome
	}

	// UpdateUnsent says that a query changed leases and that the state did
	// not let the partner be told.
	UpdateUnsent struct {
		More uint64 // how many further queries it stands for
	}

	// QueryLeft is a query that this server left to its partner.
	QueryLeft struct {
		Client lease.Client  // what tells clients apart: with DHCPv6 the DUID alone; not known: zero
		Waited time.Duration // how long the client says it has been trying
	}

	// SyncDone is the end of Synchronize.
	SyncDone struct {
		OK          bool
		Unreachable bool // not OK, since the partner does not answer
	}

	// BacklogDone is the end of SendBacklog.
	BacklogDone struct{ OK bool }

	// BacklogOverflowed says that more updates wait for the partner than
	// delayed-updates-limit.
	BacklogOverflowed struct{}

	// ResetDone is the end of SendReset.
	ResetDone struct{ OK bool }

	// NotifyDone is the end of SendMaintenanceNotify.
	NotifyDone struct {
		Answered bool // there was a response
		Result   int  // its result
		Text     string
		State    State // StateNone: it told none
	}

	// StoreFailed says that leases cannot be made durable here, StoreWorks
	// that they can again.
	StoreFailed struct{}
	StoreWorks  struct{}

	// ServiceSwitched says whether the DHCP service may run as far as all
	// others than this machine are concerned. It may until told otherwise.
	// Who receives no queries cannot watch the partner's clients.
	ServiceSwitched struct{ On bool }

	// PartnerChanged says that a partner of this kind has told of a state that
	// is not the one known here.
	PartnerChanged struct{}

	// Commands, as they come in. The answer is a Reply among the actions of
	// the step, or of the later one that ends what the command began.
	Reset             struct{}                  // ha-reset
	Continue          struct{}                  // ha-continue
	SetScopes         struct{ Scopes []string } // ha-scopes; the names are those of peers
	MaintenanceStart  struct{}                  // ha-maintenance-start
	MaintenanceCancel struct{}                  // ha-maintenance-cancel
	MaintenanceNotify struct {                  // ha-maintenance-notify
		Cancel bool
		State  State // of the sender; StateNone: it told none
	}
	SyncCompleted struct{} // ha-sync-complete-notify; the switch of the service is turned by who steps
)

// Outcome is how a lease update ended.
type Outcome uint8

const (
	Accepted Outcome = iota // it is safe with the peer
	Rejected                // the peer refuses this lease (conflict)
	Failed                  // no answer, or another error
)

// Report is what a server says of itself in the answer to a heartbeat.
type Report struct {
	State  State
	Time   time.Time // its clock, in whole seconds
	At     time.Time // this server's clock when it said so; zero: the time of the step
	Scopes []string
	Unsent uint64 // updates it could not send since it started
	// HasUnsent says that Unsent was there.
	HasUnsent bool
	// Ours says that it is of this kind: it lists extensionChanges.
	Ours bool
	// StoreFailed says that it cannot make leases durable (only if Ours).
	StoreFailed bool
}

func (Tick) event()              {}
func (HeartbeatAnswered) event() {}
func (HeartbeatFailed) event()   {}
func (UpdateAnswered) event()    {}
func (UpdateUnsent) event()      {}
func (QueryLeft) event()         {}
func (SyncDone) event()          {}
func (BacklogDone) event()       {}
func (BacklogOverflowed) event() {}
func (ResetDone) event()         {}
func (NotifyDone) event()        {}
func (StoreFailed) event()       {}
func (StoreWorks) event()        {}
func (ServiceSwitched) event()   {}
func (PartnerChanged) event()    {}
func (Reset) event()             {}
func (Continue) event()          {}
func (SetScopes) event()         {}
func (MaintenanceStart) event()  {}
func (MaintenanceCancel) event() {}
func (MaintenanceNotify) event() {}
func (SyncCompleted) event()     {}
