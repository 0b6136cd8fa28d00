package main

import (
	"testing"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// TestHAKill kills each of the servers in turn, with and without its leases
// lost: the other serves all clients, and afterwards both have all leases.
func TestHAKill(t *testing.T) {
	eachPair(t, bothModes, nil, func(t *testing.T, w *haWorld, r relationship) {
		w.start()
		w.awaitBoth(r.normal())
		client := 0
		some := func() []haLease {
			client += 6
			return w.getMany(client-5, client)
		}
		for _, lost := range []bool{false, true} {
			for _, dead := range []*haServer{w.servers[1], w.servers[0]} {
				alive := w.partner(dead)
				before := some()
				w.awaitEqual()
				dead.kill()
				w.await(alive, "partner-down")
				for _, l := range before {
					servedBy(t, alive, w.renew(l))
				}
				servedBy(t, alive, some()...)
				if lost {
					dead.forget(t)
				}
				w.start(dead)
				w.awaitBoth(r.normal())
				some()
				w.awaitEqual()
			}
		}
	})
}

// TestHAQuickReturn kills a server and starts it again before anybody has
// noticed.
func TestHAQuickReturn(t *testing.T) {
	eachPair(t, bothModes, map[string]any{"max-response-delay": 20_000}, func(t *testing.T, w *haWorld, r relationship) {
		w.start()
		w.awaitBoth(r.normal())
		leases := w.getMany(1, 10)
		for _, s := range w.servers {
			s.kill()
			w.start(s)
			testnet.Until(w.ctx, t, s.name+" is back", func() error {
				_, err := s.status(w.ctx)
				return err
			})
			w.awaitBoth(r.normal())
			leases = append(leases, w.getMany(len(leases)+1, len(leases)+10)...)
		}
		for _, l := range leases {
			w.renew(l)
		}
		w.awaitLeases(len(leases))
	})
}
