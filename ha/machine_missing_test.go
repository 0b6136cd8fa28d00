package ha

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What a Kea has given out alone since its leases were fetched is fetched before
// the two go on together, whatever led there; and only once.
func TestWhatAKeaGaveOutAloneIsFetched(t *testing.T) {
	for _, mode := range []Mode{HotStandby, LoadBalancing} {
		normal := normalOf(mode)
		for _, c := range []struct {
			server string
			own    State
			kea    State
			then   string
		}{
			{"server1", StateReady, StateReady, normal.String()},
			{"server1", StateReady, normal, normal.String()},
			{"server2", StateReady, normal, normal.String()},
			{"server1", StatePartnerDown, StateReady, normal.String()},
			{"server2", StatePartnerDown, StateReady, normal.String()},
			{"server1", StateCommunicationRecovery, normal, "backlog"},
			{"server2", StateCommunicationRecovery, normal, "backlog"},
		} {
			if c.own == StateCommunicationRecovery && mode == HotStandby {
				continue
			}
			hears := func(m *machine, unsent uint64) string {
				m.heartbeat.out = true
				return first(m.Step(start, heartbeatAnswered{report{State: c.kea, Time: start, Unsent: unsent, HasUnsent: true}}))
			}
			in := func() *machine { return inState(pairConfig(mode, c.server), c.own) }
			for name, change := range map[string]func(m *machine){
				"it has counted since":                  func(m *machine) { m.partner.unsent = 4 },
				"its leases have never been fetched":    func(m *machine) { m.partner.wasFetched = false },
				"it has started anew, and counted less": func(m *machine) { m.partner.fetched = 9 },
			} {
				m := in()
				change(m)
				unsent := max(m.partner.unsent, 4)
				require.Equal(t, "sync", hears(m, unsent), "%s, %+v: %s", mode, c, name)
				require.Equal(t, c.own, m.State())
				require.Equal(t, "-", first(m.Step(start, syncDone{})), "what fails is not tried again before it has answered again")
				require.Equal(t, "sync", hears(m, unsent), "%s, %+v: %s", mode, c, name)
				require.Equal(t, "-", first(m.Step(start, syncDone{OK: true})), "it is heard first, since it may have become something else")
				require.Equal(t, start, m.Deadline(), "at once")
				require.Equal(t, c.then, hears(m, unsent+1), "%s, %+v: %s: it goes on whatever is counted", mode, c, name)
			}
			m := in()
			m.partner.fetched = 4
			require.Equal(t, c.then, hears(m, 4), "nothing is missing")
			m = in()
			m.partner.fetched = 4
			require.Equal(t, c.then, hears(m, 0), "it has just started")
			cfg := pairConfig(mode, c.server)
			cfg.SyncLeases = new(false)
			m = inState(cfg, c.own)
			require.Equal(t, c.then, hears(m, 4), "leases are not to be fetched")
		}
	}
}

// A Kea in normal operation tells all by itself: what it counted before does not
// lead to anything.
func TestNormalOperationIsNotLeftForACount(t *testing.T) {
	for _, mode := range []Mode{HotStandby, LoadBalancing} {
		for _, server := range []string{"server1", "server2"} {
			m := inState(pairConfig(mode, server), normalOf(mode))
			for unsent := range uint64(20) {
				m.heartbeat.out = true
				require.Equal(t, "-", first(m.Step(start, heartbeatAnswered{report{State: normalOf(mode), Time: start, Unsent: unsent, HasUnsent: true}})))
			}
		}
	}
}
