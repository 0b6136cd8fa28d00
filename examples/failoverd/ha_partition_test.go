package main

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// TestHACommunicationRecovery severs the servers from each other for a while,
// in which they keep fewer leases for each other than they are allowed to.
func TestHACommunicationRecovery(t *testing.T) {
	recoverWith(t, 6, 100)
}

// TestHARecoveryPastLimit has them keep more, so that they fetch each other's
// leases afterwards.
func TestHARecoveryPastLimit(t *testing.T) {
	recoverWith(t, 40, 10)
}

// recoverWith lets new clients come while both servers are in
// communication-recovery, with a limit for the leases that they keep.
func recoverWith(t *testing.T, clients, limit int) {
	change := map[string]any{"max-unacked-clients": 10, "delayed-updates-limit": limit}
	eachPair(t, []string{"load-balancing"}, change, func(t *testing.T, w *haWorld, r relationship) {
		w.start()
		w.awaitBoth(r.normal())
		client := 0
		for _, how := range []testnet.Cut{testnet.Rejected, testnet.Dropped} {
			old := w.getMany(client+1, client+4)
			w.awaitEqual()
			heal := w.sever(how)
			for _, s := range w.servers {
				w.await(s, "communication-recovery")
			}
			w.getMany(client+5, client+4+clients)
			for _, l := range old[1:] {
				require.Equal(t, l.server, w.renew(l).server)
			}
			// A release that the limit has kept from the other is unknown to
			// it. A Kea tells of releases before renewals, with DHCPv6.
			if clients < limit {
				w.release(old[0])
				if i := slices.IndexFunc(old[1:], func(l haLease) bool { return w.serverOf(l).kind == ours }); i >= 0 {
					w.release(old[1+i])
				}
			}
			client += 4 + clients
			heal()
			w.awaitBoth(r.normal())
			w.getMany(client+1, client+2)
			client += 2
			w.awaitEqual()
		}
	})
}

// TestHASplitBrain severs the servers for so long that each takes the other for
// dead.
func TestHASplitBrain(t *testing.T) {
	eachPair(t, bothModes, nil, func(t *testing.T, w *haWorld, r relationship) {
		w.start()
		w.awaitBoth(r.normal())
		leases := w.getMany(1, 10)
		w.awaitEqual()
		heal := w.sever(testnet.Rejected)
		for _, s := range w.servers {
			w.await(s, "partner-down")
		}
		heal()
		w.awaitBoth(r.normal())
		for _, l := range leases {
			w.renew(l)
		}
		w.getMany(11, 20)
		w.awaitLeases(20)
	})
}
