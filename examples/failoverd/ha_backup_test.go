package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestHABackup has a pair with a backup, which follows both of them, also after
// it was away, whether it still has its leases or not.
func TestHABackup(t *testing.T) {
	t.Parallel()
	for _, kinds := range []kinds{{ours, ours, ours}, {ours, keas, ours}, {keas, ours, ours}} {
		t.Run(kinds.String(), func(t *testing.T) {
			t.Parallel()
			r := newRelationship(t, "hot-standby", nil)
			w := newHAWorld(t, kinds, r)
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
				active := w.serverAt(leases[len(leases)-1].server)
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
			for _, l := range w.getMany(41, 46) {
				require.Equal(t, second.addr, l.server)
			}
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
}
