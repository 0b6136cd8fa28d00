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

// CommitTiming tells an observer how a Commit has ended, and how long that took.
type CommitTiming struct {
	Changes int // that were to be made
	// Disk is how long it took to make them durable here, or to fail to. 0: this
	// server serves nobody in its state, and did not try.
	Disk time.Duration
	// Partner is how much longer it took until all servers that had to confirm
	// the changes had done so, or one had not. They are told at the same time as
	// the disk is written, so it may be next to nothing. 0: none had to.
	Partner time.Duration
	Awaited int   // how many had to: the partner, and backups with wait-backup-ack
	Err     error // what Commit returned
}

// LeaseUpdate tells an observer of a lease change that came from a peer and is
// durable here.
type LeaseUpdate struct {
	Time   time.Time
	Peer   string // its name; empty: it did not tell
	Change lease.Change
}
