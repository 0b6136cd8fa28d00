package main

import "testing"

// TestHABackup has a pair with a backup, which follows both of them, also after
// it was away, whether it still has its leases or not.
func TestHABackup(t *testing.T) {
	eachRelationship(t, haTrios, []string{"hot-standby"}, nil, func(t *testing.T, w *haWorld, r relationship) {
		w.start()
		first, second, backup := w.servers[0], w.servers[1], w.servers[2]
		w.awaitBoth(r.normal())
		w.await(backup, "backup")
		leases := w.getMany(1, 20)
		w.renew(leases[0])
		w.release(leases[1])
		w.decline(leases[2])
		w.awaitEqual()

		away := func(lost bool, client int) {
			t.Helper()
			w.awaitEqual()
			backup.kill()
			for _, l := range w.getMany(client, client+5) {
				leases = append(leases, w.renew(l))
			}
			active := w.serverOf(leases[len(leases)-1])
			if active.kind == ours {
				w.release(leases[len(leases)-1])
			}
			if lost {
				backup.forget(t)
			}
			w.start(backup)
			w.await(backup, "backup")
			if active.kind == keas {
				// A Kea does not send again what a backup has missed, nor
				// would what it fetches tell of a removal.
				w.command(backup, "ha-sync", map[string]any{"server-name": active.name})
			}
			w.awaitEqual(active, backup)
		}
		away(false, 21)
		away(true, 31)

		// Both of the pair tell the backup.
		first.kill()
		w.await(second, "partner-down")
		servedBy(t, second, w.getMany(41, 46)...)
		w.awaitEqual(second, backup)
		backup.kill()
		w.renew(leases[3])
		w.getMany(51, 56)
		w.start(backup)
		if second.kind == keas {
			w.command(backup, "ha-sync", map[string]any{"server-name": second.name})
		}
		w.awaitEqual(second, backup)
		w.start(first)
		w.awaitBoth(r.normal())
		w.getMany(61, 63)
		w.awaitEqual()
	})
}
