package ha

import (
	"time"

	"github.com/dhcpha/dhcpha/lease"
)

// StateChange tells an observer of a new state of this server.
type StateChange struct {
	Time     time.Time
	Server   string // this server's name
	From, To State
	Partner  string // the other active server's name; empty: there is none
	// PartnerState is what the partner was last known to be in.
	PartnerState State
	Scopes       []string // the servers whose clients are served from now on
}

// LeaseUpdate tells an observer of a lease change that came from a peer and is
// durable here.
type LeaseUpdate struct {
	Time   time.Time
	Peer   string // its name; empty: it did not tell
	Change lease.Change
}
