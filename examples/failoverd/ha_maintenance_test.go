package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestHAMaintenance lets either server take the other's clients over, since the
// other is to be shut down, and is, and comes back.
func TestHAMaintenance(t *testing.T) {
	eachPair(t, bothModes, nil, func(t *testing.T, w *haWorld, r relationship) {
		w.start()
		w.awaitBoth(r.normal())
		for i, s := range w.servers {
			other := w.partner(s)
			w.takeOver(s, 20*i+1)
			other.kill()
			w.await(s, "partner-down")
			servedBy(t, s, w.getMany(20*i+7, 20*i+12)...)
			w.start(other)
			w.awaitBoth(r.normal())
			w.getMany(20*i+13, 20*i+18)
			w.awaitEqual()
		}
	})
}

// TestHAMaintenanceCancelled lets either server take the other's clients over,
// and give them back.
func TestHAMaintenanceCancelled(t *testing.T) {
	eachPair(t, bothModes, nil, func(t *testing.T, w *haWorld, r relationship) {
		w.start()
		w.awaitBoth(r.normal())
		for i, s := range w.servers {
			w.takeOver(s, 20*i+1)
			w.command(s, "ha-maintenance-cancel", nil)
			w.awaitBoth(r.normal())
			w.getMany(20*i+7, 20*i+12)
			w.awaitEqual()
		}
		refused, err := call(w.ctx, w.servers[0].socket, "ha-maintenance-cancel", nil)
		require.NoError(t, err)
		require.Equal(t, 1, refused.Result)
	})
}

// takeOver puts the other server in maintenance. Six clients from the first on
// are then served, and the other is told of their leases.
func (w *haWorld) takeOver(s *haServer, first int) {
	w.t.Helper()
	w.command(s, "ha-maintenance-start", nil)
	w.await(s, "partner-in-maintenance")
	w.await(w.partner(s), "in-maintenance")
	servedBy(w.t, s, w.getMany(first, first+5)...)
	w.awaitEqual()
}

// TestHAPaused stops a server in states until it is told to go on.
func TestHAPaused(t *testing.T) {
	pause := map[string]any{"state-machine": map[string]any{"states": []any{
		map[string]any{"state": "waiting", "pause": "once"},
		map[string]any{"state": "ready", "pause": "once"},
		map[string]any{"state": "partner-down", "pause": "always"},
	}}}
	eachPair(t, []string{"hot-standby"}, pause, func(t *testing.T, w *haWorld, r relationship) {
		w.start()
		first, second := w.servers[0], w.servers[1]
		w.await(first, "waiting")
		w.await(second, "waiting")
		w.command(first, "ha-continue", nil)
		w.await(first, "ready")
		w.command(second, "ha-continue", nil)
		w.await(second, "ready")
		w.command(first, "ha-continue", nil)
		w.command(second, "ha-continue", nil)
		w.awaitBoth(r.normal())

		first.kill()
		w.await(second, "partner-down")
		w.get(1) // paused it serves all the same
		w.start(first)
		w.command(first, "ha-continue", nil)
		w.await(first, "ready")
		w.await(second, "partner-down")
		w.command(first, "ha-continue", nil)
		w.command(second, "ha-continue", nil)
		w.awaitBoth(r.normal())
		w.get(2)
		w.awaitLeases(2)
	})
}
