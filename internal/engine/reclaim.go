package engine

import (
	"context"
	"time"

	"github.com/dhcpha/dhcpha/internal/conf"
	"github.com/dhcpha/dhcpha/lease"
)

// Run reclaims expired leases, by the settings of the moment, until ctx ends;
// it returns nil then.
func (c *Core) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := c.reclaim(ctx); err != nil {
			return err
		}
	}
	return nil
}

// reclaim runs until ctx ends or there are other settings.
func (c *Core) reclaim(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &lease.Reclaimer{
		Store:     c.Store,
		Committer: c.background,
		Owned:     c.reclaims,
		Params:    reclaimParams(c.settings.Load().Expired),
		Logger:    c.Log,
		Reclaimed: c.Stats.reclaimed,
	}
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	select {
	case <-c.changed:
		cancel()
		return <-done
	case err := <-done:
		return err
	}
}

// reclaimParams are the meaning of expired-leases-processing.
func reclaimParams(c *conf.ExpiredLeasesProcessing) lease.ReclaimParams {
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
