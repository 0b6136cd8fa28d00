package ha

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestClockIsSetBack: a server whose wall clock is set back notices all the
// same, and as soon as before, that its partner is gone, and that it has
// returned.
func TestClockIsSetBack(t *testing.T) {
	pairTest(t, HotStandby, func(a, b *node) {
		var offset atomic.Int64
		b.opts.Now = func() time.Time { return time.Now().Add(time.Duration(offset.Load())).Round(0) }
		a.start()
		b.start()
		a.until(StateHotStandby)
		b.until(StateHotStandby)
		require.NoError(t, a.give("192.0.2.1", 1))

		offset.Store(int64(-time.Hour))
		a.end()
		b.until(StatePartnerDown)
		require.Equal(t, StateUnavailable, b.Status().Relationships[0].Partner.State)
		a.start()
		a.until(StateHotStandby)
		b.until(StateHotStandby)
		require.InDelta(t, time.Hour, b.Status().Relationships[0].Partner.ClockOffset, float64(time.Second))
		equal(a, b)
	}, func(cfg *Config) { cfg.MaxUnackedClients = new(uint32) })
}
