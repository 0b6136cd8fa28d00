package conf

import "cmp"

// LeaseDatabase is lease-database.
type LeaseDatabase struct {
	// Type is memfile, the only one there is. The leases are not kept in that
	// form, but a file that names it can be used unchanged.
	Type string `json:"type"`
	// Name is the path of the lease file.
	Name string `json:"name,omitempty"`

	// MaxRowErrors is how many bad rows of a lease file are passed over when
	// its leases are taken over (see lease.ImportOptions); 0: any number.
	MaxRowErrors *uint32 `json:"max-row-errors,omitempty"`

	// What follows is read without effect: leases are always kept on disk, and
	// their file needs no periodic clean-up. Persist may not be false.

	Persist     *bool   `json:"persist,omitempty"`
	LFCInterval *uint32 `json:"lfc-interval,omitempty"`
}

// LeaseFile returns the path of Kea's lease file, usual if none is configured.
func LeaseFile(d *LeaseDatabase, usual string) string {
	if d == nil {
		return usual
	}
	return cmp.Or(d.Name, usual)
}

// ExpiredLeasesProcessing is expired-leases-processing: how leases that have
// ended are cleaned up. The defaults are in parentheses.
type ExpiredLeasesProcessing struct {
	ReclaimTimerWaitTime        *uint32 `json:"reclaim-timer-wait-time,omitempty"`         // seconds between two rounds (10); 0: no reclamation
	FlushReclaimedTimerWaitTime *uint32 `json:"flush-reclaimed-timer-wait-time,omitempty"` // seconds between two removals of reclaimed leases (25)
	HoldReclaimedTime           *uint32 `json:"hold-reclaimed-time,omitempty"`             // seconds that a reclaimed lease is kept for its client (3600)
	MaxReclaimLeases            *uint32 `json:"max-reclaim-leases,omitempty"`              // leases in one round (100); 0: no limit
	MaxReclaimTime              *uint32 `json:"max-reclaim-time,omitempty"`                // milliseconds for one round (250); 0: no limit
	UnwarnedReclaimCycles       *uint32 `json:"unwarned-reclaim-cycles,omitempty"`         // rounds that fall short before a warning (5)
}

// SanityChecks is sanity-checks. Leases are taken as they are, so neither has
// an effect.
type SanityChecks struct {
	LeaseChecks        string `json:"lease-checks,omitempty"`         // none or warn; not fix, fix-del or del
	ExtendedInfoChecks string `json:"extended-info-checks,omitempty"` // none, fix, strict or pedantic
}
