package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestHAFailoverTime kills the primary and tells how long it takes until the
// standby gives a new client a lease; with -kea-pairs also between Keas.
func TestHAFailoverTime(t *testing.T) {
	change := map[string]any{"heartbeat-delay": 1000, "max-response-delay": 3000}
	eachPair(t, []string{"hot-standby"}, change, func(t *testing.T, w *haWorld, r relationship) {
		w.start()
		w.awaitBoth(r.normal())
		w.get(1)
		w.servers[0].kill()
		killed := time.Now()
		require.Equal(t, w.servers[1].addr, w.get(2).server)
		t.Logf("first lease by %s after %v", w.servers[1].kind, time.Since(killed).Round(10*time.Millisecond))
	})
}
