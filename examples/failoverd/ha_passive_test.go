package main

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestHAPassiveBackup has a server that only keeps a copy of the leases, whose
// answer the other waits for or does not.
func TestHAPassiveBackup(t *testing.T) {
	t.Parallel()
	for _, wait := range []bool{false, true} {
		t.Run(fmt.Sprintf("wait-backup-ack %v", wait), func(t *testing.T) {
			eachPair(t, []string{"passive-backup"}, map[string]any{"wait-backup-ack": wait}, func(t *testing.T, w *haWorld, r relationship) {
				w.start()
				first, backup := w.servers[0], w.servers[1]
				w.await(first, "passive-backup")
				w.await(backup, "backup")
				leases := w.getMany(1, 20)
				servedBy(t, first, leases...)
				w.renew(leases[0])
				w.release(leases[1])
				w.decline(leases[2])
				w.awaitEqual()

				backup.kill()
				if wait {
					// Nobody gets a lease that the backup does not have.
					offered, err := w.clients.offer(w.ctx, 21)
					require.NoError(t, err)
					_, ok, err := w.clients.request(w.ctx, offered)
					require.NoError(t, err)
					require.False(t, ok)
				} else {
					w.get(21)
				}
				w.start(backup)
				w.await(backup, "backup")
				w.get(22)
				w.command(backup, "ha-sync", map[string]any{"server-name": first.name})
				w.awaitEqual()
			})
		})
	}
}
