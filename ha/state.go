package ha

import "slices"

// State is a state of a server, or what one server believes of another.
type State uint8

// The states, by Kea's names.
const (
	StateNone                  State = iota // nothing is known of the other server yet
	StateBackup                             // takes the leases of the others, serves nobody
	StateCommunicationRecovery              // the partner is out of reach and may be serving: keeps updates for it
	StateHotStandby                         // normal operation, mode hot-standby
	StateLoadBalancing                      // normal operation, mode load-balancing
	StateInMaintenance                      // serves nobody, for maintenance; the partner has taken over
	StatePartnerDown                        // serves alone
	StatePartnerInMaintenance               // serves alone, by an administrator's order
	StatePassiveBackup                      // serves alone by configuration, with backups
	StateReady                              // has the partner's leases, waits for normal operation
	StateSyncing                            // fetches the partner's leases
	StateTerminated                         // has given up cooperation: serves its own clients
	StateWaiting                            // has started, waits for the partner
	StateUnavailable                        // of a partner only: it does not answer
)

var stateNames = [...]string{
	"", "backup", "communication-recovery", "hot-standby", "load-balancing", "in-maintenance", "partner-down",
	"partner-in-maintenance", "passive-backup", "ready", "syncing", "terminated", "waiting", "unavailable",
}

// String returns Kea's name of the state; that of StateNone is empty.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "unknown"
}

// ParseState returns the state with Kea's name; false: there is none.
func ParseState(name string) (State, bool) {
	i := slices.Index(stateNames[:], name)
	return State(max(i, 0)), i > 0
}
