package dhcp4

import (
	"time"

	"github.com/dhcpha/dhcpha/lease"
)

// reclaimParams are the meaning of expired-leases-processing.
func reclaimParams(c *ExpiredLeasesProcessing) lease.ReclaimParams {
	p := lease.DefaultReclaimParams()
	if c == nil {
		return p
	}
	duration := func(to *time.Duration, n *uint32, unit time.Duration) {
		if n != nil {
			*to = time.Duration(*n) * unit
		}
	}
	number := func(to *int, n *uint32) {
		if n != nil {
			*to = int(*n)
		}
	}
	duration(&p.ReclaimTimerWaitTime, c.ReclaimTimerWaitTime, time.Second)
	duration(&p.FlushReclaimedTimerWaitTime, c.FlushReclaimedTimerWaitTime, time.Second)
	duration(&p.HoldReclaimedTime, c.HoldReclaimedTime, time.Second)
	duration(&p.MaxReclaimTime, c.MaxReclaimTime, time.Millisecond)
	number(&p.MaxReclaimLeases, c.MaxReclaimLeases)
	number(&p.UnwarnedReclaimCycles, c.UnwarnedReclaimCycles)
	return p
}
