package ha

import (
	"time"

	"github.com/dhcpha/dhcpha/lease"
)

// event is something that has happened, for machine.Step.
type event interface{ event() }

// The events.
type (
	// tick is the passing of the time that machine.Deadline has named.
	tick struct{}

	// heartbeatAnswered is the partner's answer to sendHeartbeat.
	heartbeatAnswered struct{ Report report }

	// heartbeatFailed is the end of sendHeartbeat without a good answer.
	heartbeatFailed struct{}

	// updateAnswered is the end of a lease update that was sent to a peer
	// and waited for.
	updateAnswered struct {
		Peer    string       // its name
		Client  lease.Client // whose lease it was; not known: zero
		Outcome outcome
	}

	// updateUnsent says that a query changed leases and that the state did
	// not let the partner be told.
	updateUnsent struct {
		More uint64 // how many further queries it stands for
	}

	// queryLeft is a query that this server left to its partner.
	queryLeft struct {
		Client lease.Client  // what tells clients apart: with DHCPv6 the DUID alone; not known: zero
		Waited time.Duration // how long the client says it has been trying
	}

	// syncDone is the end of synchronize.
	syncDone struct {
		OK          bool
		Unreachable bool // not OK, since the partner does not answer
	}

	// backlogDone is the end of sendBacklog.
	backlogDone struct{ OK bool }

	// backlogOverflowed says that more updates wait for the partner than
	// delayed-updates-limit.
	backlogOverflowed struct{}

	// resetDone is the end of sendReset.
	resetDone struct{ OK bool }

	// notifyDone is the end of sendMaintenanceNotify.
	notifyDone struct {
		Answered bool // there was a response
		Result   int  // its result
		Text     string
		State    State // StateNone: it told none
	}

	// storeFailed says that leases cannot be made durable here, storeWorks
	// that they can again.
	storeFailed struct{}
	storeWorks  struct{}

	// serviceSwitched says whether the DHCP service may run as far as all
	// others than this machine are concerned. It may until told otherwise.
	// Who receives no queries cannot watch the partner's clients.
	serviceSwitched struct{ On bool }

	// partnerChanged says that a partner of this kind has told of a state that
	// is not the one known here.
	partnerChanged struct{}

	// Commands, as they come in. The answer is a Reply among the actions of
	// the step, or of the later one that ends what the command began.
	reset             struct{}                  // ha-reset
	resume            struct{}                  // ha-continue
	setScopes         struct{ Scopes []string } // ha-scopes; the names are those of peers
	maintenanceStart  struct{}                  // ha-maintenance-start
	maintenanceCancel struct{}                  // ha-maintenance-cancel
	maintenanceNotify struct {                  // ha-maintenance-notify
		Cancel bool
		State  State // of the sender; StateNone: it told none
	}
	syncCompleted struct{} // ha-sync-complete-notify; the switch of the service is turned by who steps
)

// outcome is how a lease update ended.
type outcome uint8

const (
	accepted outcome = iota // it is safe with the peer
	rejected                // the peer refuses this lease (conflict)
	failed                  // no answer, or another error
)

// report is what a server says of itself in the answer to a heartbeat.
type report struct {
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

func (tick) event()              {}
func (heartbeatAnswered) event() {}
func (heartbeatFailed) event()   {}
func (updateAnswered) event()    {}
func (updateUnsent) event()      {}
func (queryLeft) event()         {}
func (syncDone) event()          {}
func (backlogDone) event()       {}
func (backlogOverflowed) event() {}
func (resetDone) event()         {}
func (notifyDone) event()        {}
func (storeFailed) event()       {}
func (storeWorks) event()        {}
func (serviceSwitched) event()   {}
func (partnerChanged) event()    {}
func (reset) event()             {}
func (resume) event()            {}
func (setScopes) event()         {}
func (maintenanceStart) event()  {}
func (maintenanceCancel) event() {}
func (maintenanceNotify) event() {}
func (syncCompleted) event()     {}
