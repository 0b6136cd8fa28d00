package ha

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever a partner says, also what it only says in passing, a server comes to
// rest with it though all that it begins ends at once: it does not go round
// between states until it hears more.
func TestMachineComesToRest(t *testing.T) {
	const enough = 6 // waiting, syncing, ready, and then some
	for _, mode := range []Mode{HotStandby, LoadBalancing} {
		for _, server := range []string{"server1", "server2"} {
			for s := StateBackup; s < StateUnavailable; s++ {
				for said := StateBackup; said < StateUnavailable; said++ {
					for flags := range 32 {
						m := inState(pairConfig(mode, server), s)
						m.storeFailed = flags&1 != 0 && s == StateWaiting
						m.heartbeat.out = true
						m.partner.wasFetched = flags&8 != 0
						r := report{State: said, Time: start, Ours: flags&2 != 0, StoreFailed: flags&4 != 0, Unsent: uint64(flags & 16), HasUnsent: true}
						actions := m.Step(start, heartbeatAnswered{r})
						changes := 0
						for len(actions) > 0 {
							a := actions[0]
							actions = actions[1:]
							switch a.(type) {
							case stateChanged:
								changes++
							case synchronize:
								actions = append(actions, m.Step(start, syncDone{OK: true})...)
							case sendBacklog:
								actions = append(actions, m.Step(start, backlogDone{OK: true})...)
							case sendReset:
								actions = append(actions, m.Step(start, resetDone{OK: true})...)
							}
							require.LessOrEqual(t, changes, enough, "%v, %s in %v hears %+v", mode, server, s, r)
						}
					}
				}
			}
		}
	}
}
