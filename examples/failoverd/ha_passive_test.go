package main

import (
	"fmt"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"
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
				for _, l := range leases {
					require.Equal(t, first.addr, l.server)
				}
				w.renew(leases[0])
				w.release(leases[1])
				w.decline(leases[2])
				w.awaitEqual()

				backup.kill()
				if wait {
					// Nobody gets a lease that the backup does not have.
					offer, err := w.clients.ask(w.ctx, 21, 0, kind(dhcpv4.MessageTypeDiscover))
					require.NoError(t, err)
					_, err = w.clients.ask(w.ctx, 21, 3, kind(dhcpv4.MessageTypeRequest),
						opt(50, offer.yiaddr.AsSlice()...), opt(54, offer.options[54]...))
					require.Error(t, err)
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
