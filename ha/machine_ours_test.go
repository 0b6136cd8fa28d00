package ha

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// ours returns a machine in a state whose partner is of this kind, and a
// function that has it hear of the partner after some time.
func ours(t *testing.T, mode Mode, server string, s State) (*Machine, func(after time.Duration, r *Report) []Action) {
	m := inState(pairConfig(mode, server), s)
	m.cfg.MaxUnackedClients = new(uint32(2))
	m.partner.ours = true
	now := start
	return m, func(after time.Duration, r *Report) []Action {
		t.Helper()
		now = now.Add(after)
		m.heartbeat.out = true
		if r == nil {
			return m.Step(now, HeartbeatFailed{})
		}
		r.Ours = true
		r.Time = now
		return m.Step(now, HeartbeatAnswered{*r})
	}
}

func TestOursKeepsCooperatingDespiteClocks(t *testing.T) {
	m, _ := ours(t, HotStandby, "server1", StateHotStandby)
	far := HeartbeatAnswered{Report{State: StateHotStandby, Time: start.Add(time.Hour), Ours: true}}
	actions := m.Step(start, far)
	require.Equal(t, StateHotStandby, m.State())
	require.Len(t, actions, 1)
	require.Contains(t, actions[0].(Log).Message, "clocks")
	m.heartbeat.out = true
	require.Empty(t, m.Step(start, far), "warned of once a minute")
	skew, ok := m.Skew()
	require.True(t, ok)
	require.Equal(t, time.Hour, skew)
}

// A clock that was far off may have been set while its server was silent.
func TestSkewIsForgotten(t *testing.T) {
	m := inState(pairConfig(LoadBalancing, "server1"), StateLoadBalancing)
	m.paused = true
	m.Step(start, HeartbeatAnswered{Report{State: StateLoadBalancing, Time: start.Add(-70 * time.Second)}})
	m.Step(start, UpdateAnswered{Peer: "server2", Outcome: Failed})
	m.Step(start, Continue{})
	m.heartbeat.out = true
	require.Equal(t, "communication-recovery", first(m.Step(start, HeartbeatFailed{})))
	skew, known := m.Skew()
	require.True(t, known, "for translating times it is still the best guess")
	require.Equal(t, -70*time.Second, skew)
}

func TestSkewIsWarnedOf(t *testing.T) {
	m := inState(pairConfig(LoadBalancing, "server1"), StateLoadBalancing)
	var warned []time.Duration
	for after := time.Duration(0); after < 200*time.Second; after += 10 * time.Second {
		now := start.Add(after)
		m.heartbeat.out = true
		for _, a := range m.Step(now, HeartbeatAnswered{Report{State: StateLoadBalancing, Time: now.Add(-31 * time.Second)}}) {
			if _, ok := a.(Log); ok {
				warned = append(warned, after/time.Second)
			}
		}
	}
	require.Equal(t, []time.Duration{0, 70, 140}, warned, "at most once in more than 60 s")
	m.heartbeat.out = true
	require.Empty(t, m.Step(start.Add(time.Hour), HeartbeatAnswered{Report{State: StateLoadBalancing, Time: start.Add(time.Hour + 30*time.Second)}}))
}

func TestRejectedUpdates(t *testing.T) {
	reject := func(m *Machine, now time.Time, n byte) {
		for i := range n {
			m.Step(now, UpdateAnswered{Peer: "server2", Client: lease.Client{HWAddr: []byte{i}}, Outcome: Rejected})
		}
	}
	m := inState(pairConfig(LoadBalancing, "server1"), StateLoadBalancing)
	reject(m, start, 9)
	reject(m, start, 9)
	require.Equal(t, StateLoadBalancing, m.State())
	require.Equal(t, 9, m.Rejected(start))
	m.Step(start, UpdateAnswered{Peer: "server2", Client: lease.Client{HWAddr: []byte{0}}, Outcome: Accepted})
	require.Equal(t, 8, m.Rejected(start))
	require.Equal(t, 0, m.Rejected(start.Add(24*time.Hour)))
	for i := range byte(20) { // a backup's refusals are its own affair
		m.Step(start, UpdateAnswered{Peer: "server3", Client: lease.Client{HWAddr: []byte{100 + i}}, Outcome: Rejected})
	}
	require.Equal(t, 8, m.Rejected(start))
	reject(m, start, 10)
	require.Equal(t, StateTerminated, m.State())
	require.Zero(t, m.Rejected(start))

	m = inState(pairConfig(LoadBalancing, "server1"), StateLoadBalancing)
	m.cfg.MaxRejectedLeaseUpdates = new(uint32(0))
	reject(m, start, 200)
	require.Equal(t, StateLoadBalancing, m.State(), "0: never")

	m, _ = ours(t, LoadBalancing, "server1", StateLoadBalancing)
	reject(m, start, 200)
	require.Equal(t, StateLoadBalancing, m.State())
}

// A dead standby does not silence the primary.
func TestOursServesOnInHotStandby(t *testing.T) {
	m, hear := ours(t, HotStandby, "server1", StateHotStandby)
	require.Equal(t, UpdatesAwaited, m.Updates())
	require.Equal(t, "communication-recovery", first(hear(time.Second, nil)))
	require.Equal(t, []string{"server1"}, m.Scopes())
	require.True(t, m.Serving())
	require.Equal(t, UpdatesSent, m.Updates())

	require.Equal(t, "backlog", first(hear(time.Second, &Report{State: StateHotStandby})))
	require.Equal(t, "-", first(hear(time.Second, &Report{State: StateHotStandby})), "under way")
	m.Step(start.Add(3*time.Second), BacklogDone{OK: true})
	require.Equal(t, StateHotStandby, m.State())

	require.Equal(t, "communication-recovery", first(hear(2*time.Second, nil)))
	require.Equal(t, "partner-down", first(hear(5*time.Second, nil)))

	standby, hear := ours(t, HotStandby, "server2", StateHotStandby)
	require.Equal(t, "-", first(hear(time.Second, nil)), "it serves nobody")
	require.Equal(t, "-", first(hear(time.Second, &Report{State: StateCommunicationRecovery, Scopes: []string{"server1"}})), "normal operation")
	standby.enter(start, StateReady)
	standby.actions = nil
	require.Equal(t, "hot-standby", first(hear(time.Second, &Report{State: StateCommunicationRecovery})))
	require.Equal(t, "waiting", first(hear(time.Second, &Report{State: StateLoadBalancing})), "another mode all the same")
}

// The partner has come back before it was missed, and serves nobody yet.
func TestOursCovers(t *testing.T) {
	for _, c := range []struct {
		mode      Mode
		server    string
		own, both []string
	}{
		{LoadBalancing, "server2", []string{"server2"}, []string{"server1", "server2"}},
		{LoadBalancing, "server1", []string{"server1"}, []string{"server1", "server2"}},
		{HotStandby, "server2", nil, []string{"server1"}},
	} {
		normal := normalOf(c.mode)
		m, hear := ours(t, c.mode, c.server, normal)
		hear(time.Second, &Report{State: normal})
		require.Equal(t, c.own, m.Scopes())
		for _, s := range []State{StateWaiting, StateSyncing, StateUnavailable} {
			hear(time.Second, &Report{State: s})
			require.True(t, m.Covering(), s)
			require.Equal(t, c.both, m.Scopes())
			require.NotEqual(t, UpdatesAwaited, m.Updates(), "it is about to fetch them")
		}
		require.Equal(t, StateCommunicationRecovery, m.State(), "clients do not wait for it")
		hear(time.Second, nil)
		require.Equal(t, c.both, m.Scopes())
		hear(time.Second, &Report{State: StateReady})
		require.Equal(t, c.own, m.Scopes())
		hear(time.Second, &Report{State: StateWaiting})
		require.Equal(t, c.both, m.Scopes())
		require.Equal(t, "partner-down", first(hear(5*time.Second, nil)), "whose clients are served cannot be watched")

		m, hear = ours(t, c.mode, c.server, normal)
		m.autoFailover = false
		hear(time.Second, &Report{State: StateWaiting})
		require.Equal(t, c.own, m.Scopes())

		m = inState(pairConfig(c.mode, c.server), normal)
		m.Step(start, HeartbeatAnswered{Report{State: StateWaiting, Time: start}})
		require.Equal(t, c.own, m.Scopes(), "for a Kea nobody covers")
	}

	m, hear := ours(t, HotStandby, "server1", StateReady)
	require.Equal(t, "-", first(hear(time.Second, &Report{State: StateHotStandby, Scopes: []string{"server1"}})), "the standby still serves")
	require.Equal(t, "hot-standby", first(hear(time.Second, &Report{State: StateHotStandby})))
	require.Equal(t, StateHotStandby, m.State())
}

func TestOursStore(t *testing.T) {
	m, hear := ours(t, LoadBalancing, "server1", StateLoadBalancing)
	m.Step(start, StoreFailed{})
	require.Equal(t, StateWaiting, m.State())
	require.False(t, m.Serving())
	hear(time.Second, &Report{State: StateReady})
	hear(time.Second, &Report{State: StateLoadBalancing})
	hear(9*time.Second, nil)
	require.Equal(t, StateWaiting, m.State(), "no way on")
	hear(time.Second, &Report{State: StateLoadBalancing})
	require.Equal(t, "syncing", first(m.Step(start.Add(time.Minute), StoreWorks{})))

	m, hear = ours(t, LoadBalancing, "server2", StateLoadBalancing)
	hear(time.Second, &Report{State: StateLoadBalancing, StoreFailed: true})
	require.True(t, m.Covering())
	m, hear = ours(t, LoadBalancing, "server2", StateLoadBalancing)
	hear(time.Second, &Report{State: StateWaiting, StoreFailed: true})
	require.Equal(t, []string{"server1", "server2"}, m.Scopes())

	m, _ = ours(t, LoadBalancing, "server2", StateLoadBalancing)
	m.Step(start, MaintenanceStart{})
	m.Step(start, StoreFailed{})
	m.Step(start, NotifyDone{Answered: true})
	require.Equal(t, StateWaiting, m.State(), "whatever was begun before")
	require.False(t, m.Serving())
	require.Empty(t, m.Scopes())

	_, hear = ours(t, LoadBalancing, "server2", StateWaiting)
	require.Equal(t, "-", first(hear(time.Second, &Report{State: StateWaiting})), "the primary goes first")
	require.Equal(t, "syncing", first(hear(time.Second, &Report{State: StateWaiting, StoreFailed: true})), "it never will")
	_, hear = ours(t, LoadBalancing, "server2", StateReady)
	require.Equal(t, "-", first(hear(time.Second, &Report{State: StateWaiting})))
	require.Equal(t, "partner-down", first(hear(time.Second, &Report{State: StateWaiting, StoreFailed: true})))
	m = inState(pairConfig(LoadBalancing, "server2"), StateReady)
	require.Equal(t, "-", first(m.Step(start, HeartbeatAnswered{Report{State: StateWaiting, Time: start, StoreFailed: true}})), "not of this kind")
	_, hear = ours(t, LoadBalancing, "server2", StateInMaintenance)
	require.Equal(t, "-", first(hear(time.Second, &Report{State: StateWaiting})))
	require.Equal(t, "partner-down", first(hear(time.Second, &Report{State: StateWaiting, StoreFailed: true})))
}

// The survivor of a maintenance dies: somebody serves.
func TestOursInMaintenanceTakesOver(t *testing.T) {
	m, hear := ours(t, HotStandby, "server2", StateInMaintenance)
	require.Equal(t, "-", first(hear(4*time.Second, nil)))
	due := start.Add(4*time.Second + time.Millisecond)
	require.Equal(t, due, m.Deadline(), "without waiting for the next heartbeat")
	require.Equal(t, "partner-down", first(m.Step(due, Tick{})))
	require.Equal(t, []string{"server1"}, m.Scopes())
}

func TestFailureDetection(t *testing.T) {
	client := func(i byte) lease.Client { return lease.Client{HWAddr: []byte{i}} }
	m := inState(pairConfig(HotStandby, "server2"), StateHotStandby)
	m.cfg.MaxUnackedClients = new(uint32(2))
	m.Step(start, QueryLeft{client(1), time.Hour})
	require.Zero(t, m.Connecting(), "only when the partner is silent")
	now := start.Add(5 * time.Second)
	m.Step(now, HeartbeatFailed{})
	require.Equal(t, 3, m.UnackedLeft(now))
	require.Zero(t, m.UnackedLeft(now.Add(-2*time.Second)))
	left, _ := m.Takeover(now)
	require.Equal(t, Takeover{Clients: 3}, left)
	m.Step(now, QueryLeft{client(1), time.Second})
	m.Step(now, QueryLeft{})
	require.Equal(t, []uint64{2, 1, 0}, []uint64{m.Analyzed(), uint64(m.Connecting()), uint64(m.Unacked())})
	for range 2 {
		m.Step(now, QueryLeft{client(1), time.Second + time.Millisecond})
	}
	m.Step(now, QueryLeft{client(1), 0})
	require.Equal(t, 1, m.Unacked(), "once a client, and for good")
	m.Step(now, QueryLeft{client(2), time.Hour})
	m.Step(now.Add(time.Hour), QueryLeft{client(3), 0})
	m.Step(now.Add(2*time.Hour), QueryLeft{client(3), 0})
	require.Equal(t, 1, m.UnackedLeft(now))
	require.Equal(t, "partner-down", first(m.Step(now, QueryLeft{client(4), time.Hour})), "at once")
	require.Zero(t, m.UnackedLeft(now))

	m.heartbeat.out = true
	m.Step(now, HeartbeatAnswered{Report{State: StateReady, Time: now}})
	require.Zero(t, m.Connecting()+m.Unacked()+int(m.Analyzed()))

	// Ours watches clients that do not say how long they have waited, and
	// after a long silence one is enough.
	m, hear := ours(t, HotStandby, "server2", StateHotStandby)
	hear(0, &Report{State: StateHotStandby})
	hear(5*time.Second, nil)
	m.Step(start.Add(5*time.Second), QueryLeft{client(1), 0})
	m.Step(start.Add(6*time.Second), QueryLeft{client(1), 0})
	require.Zero(t, m.Unacked())
	m.Step(start.Add(6*time.Second+time.Millisecond), QueryLeft{client(1), 0})
	require.Equal(t, 1, m.Unacked())
	left, _ = m.Takeover(start.Add(7 * time.Second))
	require.Equal(t, Takeover{Clients: 2, OneIn: time.Second + time.Millisecond}, left)
	hear(7999*time.Millisecond-5*time.Second, nil)
	due := start.Add(8*time.Second + time.Millisecond)
	require.Equal(t, due, m.Deadline())
	require.Equal(t, "partner-down", first(m.Step(due, Tick{})))
}

// Time alone makes a partner lost, not only the next heartbeat.
func TestTakeoverOnTime(t *testing.T) {
	m := NewMachine(pairConfig(HotStandby, "server2"), start)
	m.cfg.HeartbeatDelay = new(uint32(3000))
	m = NewMachine(m.cfg, start)
	m.Step(start, Tick{})
	m.Step(start.Add(3*time.Second), Tick{})
	require.Zero(t, m.Deadline(), "the heartbeat may yet be answered")
	m.Step(start.Add(3*time.Second), HeartbeatFailed{})
	left, ok := m.Takeover(start.Add(3 * time.Second))
	require.True(t, ok)
	require.Equal(t, Takeover{In: time.Second + time.Millisecond}, left)
	due := start.Add(4*time.Second + time.Millisecond)
	require.Equal(t, due, m.Deadline())
	require.Equal(t, "-", first(m.Step(due.Add(-time.Millisecond), Tick{})))
	require.Equal(t, "partner-down", first(m.Step(due, Tick{})))
	require.Equal(t, start.Add(6*time.Second), m.Deadline())
}

// Terminated is left when the partner is of this kind; with a Kea people
// restart both.
func TestOursLeavesTerminated(t *testing.T) {
	m, _ := ours(t, LoadBalancing, "server1", StateTerminated)
	m.partner.ours = false
	now := start
	var delays []time.Duration
	m.heartbeat.out = false
	for range 9 {
		delays = append(delays, m.Deadline().Sub(now)/time.Second)
		now = m.Deadline()
		require.Equal(t, []Action{SendHeartbeat{}}, m.Step(now, Tick{}))
		require.Equal(t, "-", first(m.Step(now, HeartbeatAnswered{Report{State: StateTerminated, Time: now}})))
	}
	require.Equal(t, []time.Duration{1, 2, 4, 8, 16, 32, 64, 64, 64}, delays)
	now = m.Deadline()
	m.Step(now, Tick{})
	require.Equal(t, "waiting", first(m.Step(now, HeartbeatAnswered{Report{State: StateTerminated, Time: start, Ours: true}})))
	require.Equal(t, StateWaiting, m.State())
	require.Equal(t, now.Add(hurried), m.Deadline(), "it is asked again soon")
}

// The part of communication-recovery that is about a Kea.
func TestRecoveryOfAKea(t *testing.T) {
	recovering := func(overflow bool) *Machine {
		m := inState(pairConfig(LoadBalancing, "server1"), StateCommunicationRecovery)
		if overflow {
			m.Step(start, BacklogOverflowed{})
		}
		m.Step(start, HeartbeatAnswered{Report{State: StateLoadBalancing, Time: start}})
		return m
	}
	m := recovering(false)
	m.heartbeat.out = true
	require.Equal(t, "-", first(m.Step(start, HeartbeatAnswered{Report{State: StatePartnerDown, Time: start}})), "waits for the end")
	require.Empty(t, m.Step(start, ResetDone{OK: true}), "of what was not begun")
	m.found(start, StateLoadBalancing)
	require.Equal(t, "load-balancing", first(m.Step(start, BacklogDone{OK: true})))

	m = recovering(false)
	require.Equal(t, "reset", first(m.Step(start, BacklogDone{})))
	actions := m.Step(start, ResetDone{OK: true})
	require.Equal(t, DropBacklog{}, actions[0], "the partner fetches the leases")
	require.Equal(t, "waiting", first(actions))
	require.Equal(t, StateSyncing, m.State())
	require.Contains(t, actions, Synchronize{})

	// Nothing goes on as if what has failed had been sent.
	m = recovering(false)
	require.Equal(t, "reset", first(m.Step(start, BacklogDone{})))
	m.Step(start, ResetDone{})
	m.heartbeat.out = true
	require.Equal(t, "reset", first(m.Step(start, HeartbeatAnswered{Report{State: StateLoadBalancing, Time: start}})))
	m = recovering(true)
	require.Equal(t, "-", first(m.Step(start, ResetDone{})))
	require.Equal(t, StateCommunicationRecovery, m.State())
	for range 3 {
		m.heartbeat.out = true
		require.Equal(t, "reset", first(m.Step(start, HeartbeatAnswered{Report{State: StateLoadBalancing, Time: start}})))
		m.Step(start, ResetDone{})
	}

	m.enter(start, StateWaiting)
	m.enter(start, StateCommunicationRecovery)
	m.actions = nil
	m.heartbeat.out = true
	require.Equal(t, "backlog", first(m.Step(start, HeartbeatAnswered{Report{State: StateLoadBalancing, Time: start}})), "a new one")

	// A command in the middle: the end is not waited for, and then ignored.
	m = recovering(false)
	m.Step(start, Reset{})
	require.Equal(t, StateSyncing, m.State())
	m.heartbeat.out = true
	require.Equal(t, "-", first(m.Step(start, HeartbeatAnswered{Report{State: StateLoadBalancing, Time: start}})))
	require.Equal(t, "sync", first(m.Step(start, BacklogDone{OK: true})), "one thing at a time")
}

func TestSynchronizing(t *testing.T) {
	m := inState(pairConfig(LoadBalancing, "server1"), StateWaiting)
	actions := m.Step(start, HeartbeatAnswered{Report{State: StatePartnerDown, Time: start}})
	require.Contains(t, actions, Synchronize{})
	require.Zero(t, m.Deadline(), "no heartbeats while a Kea is asked for leases")
	require.Equal(t, "the partner's leases", m.WaitsFor())
	later := start.Add(time.Minute)
	require.Empty(t, m.Step(later, SyncDone{Unreachable: true}))
	require.Equal(t, StateUnavailable, m.Partner())
	require.Equal(t, StateSyncing, m.State(), "a heartbeat will tell whether it is lost")
	require.Equal(t, later.Add(time.Second), m.Deadline())
	m.Step(m.Deadline(), Tick{})
	require.Equal(t, "sync", first(m.Step(later, HeartbeatAnswered{Report{State: StatePartnerDown, Time: later}})))
	require.Equal(t, "ready", first(m.Step(later, SyncDone{OK: true})))

	m, hear := ours(t, LoadBalancing, "server1", StateWaiting)
	require.Contains(t, hear(0, &Report{State: StatePartnerDown}), Synchronize{})
	require.NotZero(t, m.Deadline(), "leases come as ever")
	require.Equal(t, "partner-down", first(hear(5*time.Second, nil)), "nothing is blocked")
	m.Step(start.Add(6*time.Second), SyncDone{OK: true})
	require.Equal(t, StatePartnerDown, m.State())
}

// A partner in maintenance that was out of reach for a moment: with Kea it
// waits for ever, and so does who has taken over. Two of ours go on with the
// maintenance, which an operator can end.
func TestMaintenanceOutlivesOutage(t *testing.T) {
	for _, server := range []string{"server1", "server2"} {
		m, hear := ours(t, HotStandby, server, StatePartnerInMaintenance)
		hear(time.Second, nil)
		require.Equal(t, StatePartnerDown, m.State())
		hear(time.Second, &Report{State: StateInMaintenance, StoreFailed: true})
		require.Equal(t, StatePartnerDown, m.State(), "it could not confirm leases")
		hear(time.Second, &Report{State: StateInMaintenance})
		require.Equal(t, StatePartnerInMaintenance, m.State())
		require.Equal(t, []string{"server1"}, m.Scopes())
		require.Contains(t, m.Step(start.Add(4*time.Second), MaintenanceCancel{}), SendMaintenanceNotify{Cancel: true, State: StatePartnerDown})

		m = inState(pairConfig(HotStandby, server), StatePartnerDown)
		m.heartbeat.out = true
		m.Step(start, HeartbeatAnswered{Report{State: StateInMaintenance, Time: start}})
		require.Equal(t, StatePartnerDown, m.State(), "as Kea's do")
	}
}

// A primary whose store has failed for a moment has heard that its partner is
// ready. That may have taken over since then, as it does for one without a store.
func TestReadyPartnerIsAskedAgainAfterStoreHasFailed(t *testing.T) {
	for _, mode := range []Mode{LoadBalancing, HotStandby} {
		m := inState(pairConfig(mode, "server1"), StateReady)
		m.Step(start, StoreFailed{})
		m.Step(start, HeartbeatAnswered{Report{State: StateReady, Time: start, Ours: true}})
		require.Equal(t, StateWaiting, m.State())
		require.Contains(t, m.Step(start, StoreWorks{}), Action(Synchronize{}))
		m.Step(start, SyncDone{OK: true})
		require.Equal(t, StateReady, m.State(), "it was ready before this server was")
		now := start.Add(hurried)
		require.Contains(t, m.Step(now, Tick{}), Action(SendHeartbeat{}), "it is asked at once")
		other := m.Clone()
		other.Step(now, HeartbeatAnswered{Report{State: StatePartnerDown, Time: now, Ours: true, Scopes: []string{"server1"}}})
		require.Equal(t, StateReady, other.State())
		m.Step(now, HeartbeatAnswered{Report{State: StateReady, Time: now, Ours: true}})
		require.Equal(t, normalOf(mode), m.State())
	}
}
