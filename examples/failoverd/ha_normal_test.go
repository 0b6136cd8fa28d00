package main

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// eachPair runs a test with all pairs of servers.
func eachPair(t *testing.T, modes []string, change map[string]any, test haTest) {
	eachRelationship(t, haPartners, modes, change, test)
}

// haTest is a test of a relationship.
type haTest func(t *testing.T, w *haWorld, r relationship)

// eachRelationship runs a test with all families, modes, and what programs the
// servers can be, in parallel.
func eachRelationship(t *testing.T, servers func() []kinds, modes []string, change map[string]any, test haTest) {
	t.Parallel()
	for _, f := range []*haFamily{family4, family6} {
		for _, mode := range modes {
			for _, kinds := range servers() {
				t.Run(fmt.Sprintf("%s %s of %s", f, mode, kinds), func(t *testing.T) {
					t.Parallel()
					r := newRelationship(t, mode, change)
					test(t, newHAWorld(t, f, kinds, r), r)
				})
			}
		}
	}
}

var bothModes = []string{"hot-standby", "load-balancing"}

func TestHANormal(t *testing.T) {
	eachPair(t, bothModes, nil, func(t *testing.T, w *haWorld, r relationship) {
		w.start()
		w.awaitBoth(r.normal())
		first, second := w.servers[0], w.servers[1]

		const clients = 200
		leases := w.getMany(1, clients)
		count := map[string]int{}
		for _, l := range leases {
			count[w.serverOf(l).name]++
		}
		if r.mode == "hot-standby" {
			require.Equal(t, map[string]int{"server1": clients}, count)
		} else {
			require.Greater(t, count["server1"], clients/3)
			require.Greater(t, count["server2"], clients/3)
		}
		w.awaitLeases(clients)

		for _, l := range leases[:20] {
			require.Equal(t, l.server, w.renew(l).server, "client %d is served by another", l.client)
		}
		for _, l := range leases[20:30] {
			w.release(l)
		}
		for _, l := range leases[30:35] {
			w.decline(l)
		}
		w.awaitEqual()

		for _, s := range w.servers {
			w.command(s, "ha-sync", map[string]any{"server-name": w.partner(s).name, "max-period": 10})
		}
		w.command(first, "ha-scopes", map[string]any{"scopes": []string{}})
		w.command(second, "ha-scopes", map[string]any{"scopes": []string{"server1", "server2"}})
		servedBy(t, second, w.getMany(clients+1, clients+10)...) // server1 has no scopes
		own := map[string][]string{"hot-standby": {}, "load-balancing": {"server2"}}[r.mode]
		w.command(second, "ha-scopes", map[string]any{"scopes": own})
		w.command(first, "ha-reset", nil) // its own scopes come with the state
		w.awaitBoth(r.normal())
		w.get(clients + 11)
		w.awaitEqual()
	})
}
