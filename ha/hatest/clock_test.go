package hatest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/lease"
)

func TestClock(t *testing.T) {
	keepers(t, Config{}, func(t *testing.T, w *World) {
		n := w.Node("server1")
		ahead := func(want time.Duration) {
			t.Helper()
			require.Equal(t, want, n.Now().Sub(time.Now().Round(0)))
		}
		ahead(0)
		n.SetClock(90 * time.Second)
		ahead(90 * time.Second)
		w.Sleep(time.Hour)
		ahead(90 * time.Second)
		n.Drift(100)
		ahead(90 * time.Second)
		w.Sleep(10_000 * time.Second)
		ahead(91 * time.Second)
		n.Drift(-200)
		ahead(91 * time.Second)
		w.Sleep(10_000 * time.Second)
		ahead(89 * time.Second)
		n.SetClock(-time.Second) // a jump; it goes on drifting
		ahead(-time.Second)
		w.Sleep(10_000 * time.Second)
		ahead(-3 * time.Second)
		n.Drift(0)
		w.Sleep(time.Hour)
		ahead(-3 * time.Second)
		require.Equal(t, time.Now().Round(0), w.Node("server2").Now(), "everybody has his own")
	})
}

// What a server writes goes by its own clock, what the other one has of it by
// that one's.
func TestClockOfLeases(t *testing.T) {
	normal(t, ha.HotStandby, func(t *testing.T, w *World) {
		w.Node("server1").SetClock(90 * time.Second)
		w.Sleep(20 * time.Second) // until that is known
		require.NoError(t, w.gives("server1", 1))
		now := time.Now().Unix()
		for name, want := range map[string]int64{"server1": now + 90, "server2": now} {
			l, ok := w.keeper(name).store.Lookup(lease.Key{Type: lease.V4, Addr: w.address(1)})
			require.True(t, ok)
			require.InDelta(t, want, l.CLTT, 1, name)
		}
	})
}
