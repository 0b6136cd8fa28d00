package ha

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What a server does that learns its partner's state; Kea's rules. "-": stays;
// "target": begins to fetch the leases, or goes to ready if sync-leases is
// false; "a:b": a if primary, else b; "PD?": if the partner is lost; "own":
// the same as the partner, if that is the mode's.
const table = `
partner                 waiting  syncing     ready       normal      communication-recovery  partner-down  partner-in-maintenance
none                    -        sync        -           -           -                       -             -
unavailable             PD?      PD?         PD?         CR?         PD?                     -             PD
waiting                 target:- sync        -           -           W!                      -             -
syncing                 -        sync        -           -           W!                      -             -
ready                   target   sync        normal:-    -           W!                      unsent        -
normal                  target   sync        normal      -           recover                 -             -
wrong                   -        waiting     waiting     waiting     waiting                 waiting       -
communication-recovery  target   sync        normal      -           recover                 waiting       -
partner-down            target   sync        -           waiting     waiting                 waiting       -
in-maintenance          target   sync        PIM         PIM         PIM                     -             -
partner-in-maintenance  target   sync        IM          IM          IM                      waiting       -
terminated              later    terminated  terminated  terminated  terminated              terminated    -
backup                  -        sync        -           -           waiting                 -             -
passive-backup          -        sync        -           -           waiting                 -             -
`

// inState returns a machine in a state, with a heartbeat under way. The partner's
// leases have been fetched.
func inState(cfg *Config, s State) *machine {
	m := newMachine(cfg, start)
	m.Step(start, tick{})
	m.enter(start, s)
	m.partner.wasFetched = true
	m.actions = nil
	m.heartbeat.out = true
	return m
}

// first says what the machine did first.
func first(actions []action) string {
	for _, a := range actions {
		switch a := a.(type) {
		case stateChanged:
			return a.To.String()
		case synchronize:
			return "sync"
		case sendBacklog:
			return "backlog"
		case sendReset:
			return "reset"
		}
	}
	return "-"
}

func TestEveryTransition(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(table), "\n")
	columns := strings.Fields(lines[0])[1:]
	n := 0
	for _, mode := range []Mode{LoadBalancing, HotStandby} {
		for _, server := range []string{"server1", "server2"} {
			for _, line := range lines[1:] {
				cells := strings.Fields(line)
				for i, rule := range cells[1:] {
					for _, partner := range partnerStates(mode, cells[0]) {
						own, ok := ParseState(columns[i])
						if !ok {
							own = normalOf(mode)
						}
						if own == StateCommunicationRecovery && mode == HotStandby {
							continue // not with a Kea
						}
						n++
						t.Run(fmt.Sprintf("%s/%s/%s/%v", mode, server, own, partner), func(t *testing.T) {
							checkRule(t, mode, server, own, partner, rule)
						})
					}
				}
			}
		}
	}
	require.Equal(t, 2*7*14+2*6*14, n)
}

func normalOf(mode Mode) State {
	if mode == LoadBalancing {
		return StateLoadBalancing
	}
	return StateHotStandby
}

func partnerStates(mode Mode, row string) []State {
	switch {
	case row == "none":
		return []State{StateNone}
	case row == "normal":
		return []State{normalOf(mode)}
	case row == "wrong" && mode == LoadBalancing:
		return []State{StateHotStandby}
	case row == "wrong":
		return []State{StateLoadBalancing, StateCommunicationRecovery}
	case row == "communication-recovery" && mode == HotStandby:
		return nil // a wrong one
	}
	s, _ := ParseState(row)
	return []State{s}
}

func checkRule(t *testing.T, mode Mode, server string, own, partner State, rule string) {
	now := start.Add(time.Second)
	learn := func(change func(*Config, *machine)) string {
		cfg := pairConfig(mode, server)
		cfg.MaxUnackedClients = new(uint32(1))
		m := inState(cfg, own)
		if change != nil {
			change(cfg, m)
		}
		switch partner {
		case StateNone:
			return first(m.Step(now, updateAnswered{Peer: m.partnerName})) // only makes it look
		case StateUnavailable:
			return first(m.Step(now, heartbeatFailed{}))
		}
		return first(m.Step(now, heartbeatAnswered{report{State: partner, Time: now}}))
	}
	silent := func(_ *Config, m *machine) { m.partner.contact = now.Add(-4001 * time.Millisecond) }
	failed := func(c *Config, m *machine) {
		silent(c, m)
		m.clients.unacked = 2
	}
	notFailed := func(c *Config, m *machine) {
		silent(c, m)
		m.clients.unacked = 1
	}
	almost := func(_ *Config, m *machine) {
		m.partner.contact = now.Add(-4 * time.Second)
		m.clients.unacked = 2
	}
	if a, b, ok := strings.Cut(rule, ":"); ok {
		rule = b
		if server == "server1" {
			rule = a
		}
	}
	normal := normalOf(mode).String()
	switch rule {
	case "target":
		require.Equal(t, "syncing", learn(nil))
		require.Equal(t, "ready", learn(func(c *Config, m *machine) { c.SyncLeases = new(false) }))
	case "PD?", "CR?":
		stays := "-"
		if rule == "CR?" && mode == LoadBalancing {
			stays = "communication-recovery"
			require.Equal(t, "-", learn(func(c *Config, m *machine) { c.DelayedUpdatesLimit = new(uint32(0)) }))
		}
		require.Equal(t, stays, learn(nil))
		require.Equal(t, stays, learn(almost))
		require.Equal(t, "partner-down", learn(failed))
		watched := servesIn(own) && (mode == LoadBalancing || server == "server2")
		if watched {
			require.Equal(t, stays, learn(notFailed))
			require.Equal(t, "partner-down", learn(func(c *Config, m *machine) {
				silent(c, m)
				m.Step(now, serviceSwitched{On: false})
			}), "who gets no queries cannot watch")
			require.Equal(t, "partner-down", learn(func(c *Config, m *machine) {
				silent(c, m)
				c.MaxUnackedClients = new(uint32(0))
			}))
		} else {
			require.Equal(t, "partner-down", learn(notFailed))
		}
	case "W!":
		require.Equal(t, "-", learn(nil))
		require.Equal(t, "waiting", learn(func(_ *Config, m *machine) { m.Step(now, backlogOverflowed{}) }))
	case "recover":
		require.Equal(t, "backlog", learn(nil))
		require.Equal(t, "reset", learn(func(_ *Config, m *machine) { m.Step(now, backlogOverflowed{}) }))
	case "unsent":
		require.Equal(t, normal, learn(nil))
		require.Equal(t, normal, learn(func(_ *Config, m *machine) { m.partner.unsent, m.partner.fetched = 3, 3 }))
		// Kea goes to waiting, and fetches the leases only if it has counted since the last heartbeat.
		require.Equal(t, "sync", learn(func(_ *Config, m *machine) { m.partner.unsent, m.partner.fetched = 4, 3 }))
	case "later":
		require.Equal(t, "-", learn(nil))
		long := func(d time.Duration) func(*Config, *machine) {
			return func(_ *Config, m *machine) { m.found(now.Add(-d), StateTerminated) }
		}
		require.Equal(t, "-", learn(long(10*time.Minute-time.Second)))
		require.Equal(t, "terminated", learn(long(10*time.Minute)))
	default:
		want := map[string]string{"PD": "partner-down", "PIM": "partner-in-maintenance", "IM": "in-maintenance", "normal": normal}[rule]
		if want == "" {
			want = rule
		}
		require.Equal(t, want, learn(nil))
	}
	// What holds in every state.
	paused := func(_ *Config, m *machine) { m.paused = true }
	require.Equal(t, "-", learn(paused), "paused")
	if partner != StateNone && partner != StateUnavailable {
		m := inState(pairConfig(mode, server), own)
		require.Equal(t, "terminated", first(m.Step(now, heartbeatAnswered{report{State: partner, Time: now.Add(-61 * time.Second)}})), "skew")
		if rule != "terminated" {
			m = inState(pairConfig(mode, server), own)
			require.NotEqual(t, "terminated", first(m.Step(now, heartbeatAnswered{report{State: partner, Time: now.Add(60 * time.Second)}})), "skew")
		}
	}
}

// Some states do not look at the partner.
func TestStatesLeftByCommandsOnly(t *testing.T) {
	for _, mode := range []Mode{LoadBalancing, HotStandby} {
		for s := StateBackup; s <= StateUnavailable; s++ {
			for _, own := range []State{StateInMaintenance, StateTerminated} {
				now := start.Add(time.Hour)
				m := inState(pairConfig(mode, "server1"), own)
				require.Equal(t, "-", first(m.Step(now, heartbeatAnswered{report{State: s, Time: start}})))
				m = inState(pairConfig(mode, "server1"), own)
				require.Equal(t, "-", first(m.Step(now, heartbeatFailed{})))
			}
		}
	}
}

func TestBackupAndPassiveBackup(t *testing.T) {
	m := newMachine(pairConfig(PassiveBackup, "server1"), start)
	require.Equal(t, "passive-backup", first(m.Step(start, tick{})))
	require.Equal(t, []string{"server1"}, m.Scopes())
	require.True(t, m.Serving())
	require.Zero(t, m.Deadline(), "no heartbeats")
	require.Equal(t, updatesOff, m.Updates())
	actions := m.Step(start, reset{})
	require.Equal(t, StatePassiveBackup, m.State())
	require.True(t, m.Serving(), "Kea serves nobody from then on")
	require.Equal(t, []string{"server1"}, m.Scopes())
	require.Equal(t, "HA state machine reset.", actions[len(actions)-1].(reply).Response.Text)

	for _, mode := range []Mode{PassiveBackup, HotStandby, LoadBalancing} {
		cfg := pairConfig(mode, "server2")
		if mode != PassiveBackup {
			cfg.ThisServerName = "server3"
			cfg.Peers = append(cfg.Peers, Peer{Name: "server3", Role: Backup})
		}
		m = newMachine(cfg, start)
		require.Equal(t, "backup", first(m.Step(start, tick{})))
		require.Empty(t, m.Scopes())
		require.False(t, m.Serving())
		require.Zero(t, m.Deadline())
		m.Step(start, reset{})
		require.Equal(t, StateBackup, m.State())
	}
}

func TestScopesAndServiceOfStates(t *testing.T) {
	both := []string{"server1", "server2"}
	for _, c := range []struct {
		state            State
		lb, hs, standby  []string
		on               bool
		clears           bool
		toKea, toOurs    updates
		autoFailoverOnly bool
	}{
		{state: StateWaiting, clears: true, toKea: updatesUnsent, toOurs: updatesSent},
		{state: StateSyncing, clears: true, toKea: updatesUnsent, toOurs: updatesSent},
		{state: StateReady, clears: true, toKea: updatesUnsent, toOurs: updatesSent},
		{state: StateLoadBalancing, lb: both[:1], on: true, toKea: updatesAwaited, toOurs: updatesAwaited},
		{state: StateHotStandby, hs: both[:1], on: true, toKea: updatesAwaited, toOurs: updatesAwaited},
		{state: StateCommunicationRecovery, lb: both[:1], hs: both[:1], on: true, toKea: updatesQueued, toOurs: updatesSent},
		{state: StatePartnerDown, lb: both, hs: both[:1], standby: both[:1], on: true, clears: true, toKea: updatesUnsent, toOurs: updatesSent, autoFailoverOnly: true},
		{state: StatePartnerInMaintenance, lb: both, hs: both[:1], standby: both[:1], on: true, toKea: updatesAwaited, toOurs: updatesAwaited},
		{state: StateInMaintenance, toKea: updatesUnsent, toOurs: updatesSent},
		{state: StateTerminated, lb: both[:1], hs: both[:1], on: true, clears: true, toKea: updatesUnsent, toOurs: updatesSent},
	} {
		check := func(mode Mode, server string, want []string) {
			if c.state == StateHotStandby && mode == LoadBalancing || c.state == StateLoadBalancing && mode == HotStandby {
				return
			}
			for _, auto := range []bool{true, false} {
				cfg := pairConfig(mode, server)
				cfg.this().AutoFailover = &auto
				m := newMachine(cfg, start)
				m.Step(start, tick{})
				m.rejected = map[string]time.Time{"x": start.Add(time.Hour)}
				m.enter(start, c.state)
				if c.autoFailoverOnly && !auto {
					want = m.own
				}
				require.Equal(t, want, m.Scopes(), "%s %s %v", mode, server, c.state)
				require.Equal(t, c.on, m.Serving(), c.state)
				require.Equal(t, c.clears, m.Rejected(start) == 0, c.state)
				require.Equal(t, c.toKea, m.Updates(), c.state)
				m.partner.ours = true
				require.Equal(t, c.toOurs, m.Updates(), c.state)
				cfg.SendLeaseUpdates = new(false)
				require.Equal(t, updatesOff, m.Updates(), c.state)
			}
		}
		check(LoadBalancing, "server1", c.lb)
		check(HotStandby, "server1", c.hs)
		check(HotStandby, "server2", c.standby)
	}
}
