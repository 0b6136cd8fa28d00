package main

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
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
		client := 1
		for _, s := range w.servers {
			w.takeOver(s, client)
			for !w.cancel(s, r.normal()) {
				other := w.partner(s)
				other.kill()
				w.await(s, "partner-down")
				w.start(other)
				w.awaitBoth(r.normal())
				client += 6
				w.takeOver(s, client)
			}
			w.getMany(client+6, client+11)
			w.awaitEqual()
			client += 12
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

// cancel ends maintenance and waits until both servers are in a state and know
// so, or until it is known that a Kea is not: where it hears by a heartbeat that
// its partner is in-maintenance before it has read its partner's answer to the
// command, it forgets the state to go back to and stays where it is; where it
// hears so once more after the end, it begins anew.
func (w *haWorld) cancel(s *haServer, state string) (ended bool) {
	w.t.Helper()
	w.command(s, "ha-maintenance-cancel", nil)
	testnet.Until(w.ctx, w.t, s.name+" and its partner are "+state, func() error {
		status, err := s.status(w.ctx)
		if err != nil {
			return err
		}
		local, remote := status.Servers.Local.State, status.Servers.Remote.State
		ended = local == state && remote == state
		if ended || s.kind == keas && local == "partner-in-maintenance" {
			return nil
		}
		return fmt.Errorf("they are %s and %s", local, remote)
	})
	if ended {
		w.awaitBoth(state)
	}
	return ended
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
