package lease

import "time"

// ReclaimParams are the members of Kea's expired-leases-processing. Unlike
// Kea's, durations carry their unit. DefaultReclaimParams has the defaults.
type ReclaimParams struct {
	// ReclaimTimerWaitTime is the pause between two cycles of reclamation.
	// Zero: leases are not reclaimed. Default 10 s.
	ReclaimTimerWaitTime time.Duration

	// FlushReclaimedTimerWaitTime is the pause between two removals of
	// reclaimed leases. Zero: reclaimed leases are removed at once. Default
	// 25 s.
	FlushReclaimedTimerWaitTime time.Duration

	// HoldReclaimedTime is how long after its expiry a reclaimed lease is
	// kept, so that its client may get the same address again. Zero: it is
	// removed at once. Default 3600 s.
	HoldReclaimedTime time.Duration

	// MaxReclaimLeases bounds the leases that one cycle reclaims. Zero: no
	// bound. Default 100.
	MaxReclaimLeases int

	// MaxReclaimTime bounds the time that one cycle takes. Zero: no bound.
	// Default 250 ms.
	MaxReclaimTime time.Duration

	// UnwarnedReclaimCycles is how many cycles in a row may leave expired
	// leases behind before a warning is logged. Zero: none is. Default 5.
	UnwarnedReclaimCycles int
}

// DefaultReclaimParams returns Kea's defaults.
func DefaultReclaimParams() ReclaimParams {
	return ReclaimParams{
		ReclaimTimerWaitTime:        10 * time.Second,
		FlushReclaimedTimerWaitTime: 25 * time.Second,
		HoldReclaimedTime:           time.Hour,
		MaxReclaimLeases:            100,
		MaxReclaimTime:              250 * time.Millisecond,
		UnwarnedReclaimCycles:       5,
	}
}
