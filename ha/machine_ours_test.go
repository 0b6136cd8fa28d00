package ha

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// ours returns a machine in a state whose partner is of this kind, and a
// function that has it hear of the partner after some time.
func ours(t *testing.T, mode Mode, server string, s State) (*machine, func(after time.Duration, r *report) []action) {
	m := inState(pairConfig(mode, server), s)
	m.cfg.MaxUnackedClients = new(uint32(2))
	m.partner.ours = true
	now := start
	return m, func(after time.Duration, r *report) []action {
		t.Helper()
		now = now.Add(after)
		m.heartbeat.out = true
		if r == nil {
			return m.Step(now, heartbeatFailed{})
		}
		r.Ours = true
		r.Time = now
		return m.Step(now, heartbeatAnswered{*r})
	}
}

func TestOursKeepsCooperatingDespiteClocks(t *testing.T) {
	m, _ := ours(t, HotStandby, "server1", StateHotStandby)
	far := heartbeatAnswered{report{State: StateHotStandby, Time: start.Add(time.Hour), Ours: true}}
	actions := m.Step(start, far)
	require.Equal(t, StateHotStandby, m.State())
	require.Len(t, actions, 1)
	require.Contains(t, actions[0].(logLine).Message, "clocks")
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
	m.Step(start, heartbeatAnswered{report{State: StateLoadBalancing, Time: start.Add(-70 * time.Second)}})
	m.Step(start, updateAnswered{Peer: "server2", Outcome: failed})
	m.Step(start, resume{})
	m.heartbeat.out = true
	require.Equal(t, "communication-recovery", first(m.Step(start, heartbeatFailed{})))
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
		for _, a := range m.Step(now, heartbeatAnswered{report{State: StateLoadBalancing, Time: now.Add(-31 * time.Second)}}) {
			if _, ok := a.(logLine); ok {
				warned = append(warned, after/time.Second)
			}
		}
	}
	require.Equal(t, []time.Duration{0, 70, 140}, warned, "at most once in more than 60 s")
	m.heartbeat.out = true
	require.Empty(t, m.Step(start.Add(time.Hour), heartbeatAnswered{report{State: StateLoadBalancing, Time: start.Add(time.Hour + 30*time.Second)}}))
}

func TestRejectedUpdates(t *testing.T) {
	reject := func(m *machine, now time.Time, n byte) {
		for i := range n {
			m.Step(now, updateAnswered{Peer: "server2", Client: lease.Client{HWAddr: []byte{i}}, Outcome: rejected})
		}
	}
	m := inState(pairConfig(LoadBalancing, "server1"), StateLoadBalancing)
	reject(m, start, 9)
	reject(m, start, 9)
	require.Equal(t, StateLoadBalancing, m.State())
	require.Equal(t, 9, m.Rejected(start))
	m.Step(start, updateAnswered{Peer: "server2", Client: lease.Client{HWAddr: []byte{0}}, Outcome: accepted})
	require.Equal(t, 8, m.Rejected(start))
	require.Equal(t, 0, m.Rejected(start.Add(24*time.Hour)))
	for i := range byte(20) { // a backup's refusals are its own affair
		m.Step(start, updateAnswered{Peer: "server3", Client: lease.Client{HWAddr: []byte{100 + i}}, Outcome: rejected})
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
	require.Equal(t, updatesAwaited, m.Updates())
	require.Equal(t, "communication-recovery", first(hear(time.Second, nil)))
	require.Equal(t, []string{"server1"}, m.Scopes())
	require.True(t, m.Serving())
	require.Equal(t, updatesSent, m.Updates())

	require.Equal(t, "backlog", first(hear(time.Second, &report{State: StateHotStandby})))
	require.Equal(t, "-", first(hear(time.Second, &report{State: StateHotStandby})), "under way")
	m.Step(start.Add(3*time.Second), backlogDone{OK: true})
	require.Equal(t, StateHotStandby, m.State())

	require.Equal(t, "communication-recovery", first(hear(2*time.Second, nil)))
	require.Equal(t, "partner-down", first(hear(5*time.Second, nil)))

	standby, hear := ours(t, HotStandby, "server2", StateHotStandby)
	require.Equal(t, "-", first(hear(time.Second, nil)), "it serves nobody")
	require.Equal(t, "-", first(hear(time.Second, &report{State: StateCommunicationRecovery, Scopes: []string{"server1"}})), "normal operation")
	standby.enter(start, StateReady)
	standby.actions = nil
	require.Equal(t, "hot-standby", first(hear(time.Second, &report{State: StateCommunicationRecovery})))
	require.Equal(t, "waiting", first(hear(time.Second, &report{State: StateLoadBalancing})), "another mode all the same")
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
		hear(time.Second, &report{State: normal})
		require.Equal(t, c.own, m.Scopes())
		for _, s := range []State{StateWaiting, StateSyncing, StateUnavailable} {
			hear(time.Second, &report{State: s})
			require.True(t, m.Covering(), s)
			require.Equal(t, c.both, m.Scopes())
			require.NotEqual(t, updatesAwaited, m.Updates(), "it is about to fetch them")
		}
		require.Equal(t, StateCommunicationRecovery, m.State(), "clients do not wait for it")
		hear(time.Second, nil)
		require.Equal(t, c.both, m.Scopes())
		hear(time.Second, &report{State: StateReady})
		require.Equal(t, c.own, m.Scopes())
		hear(time.Second, &report{State: StateWaiting})
		require.Equal(t, c.both, m.Scopes())
		require.Equal(t, "partner-down", first(hear(5*time.Second, nil)), "whose clients are served cannot be watched")

		m, hear = ours(t, c.mode, c.server, normal)
		m.autoFailover = false
		hear(time.Second, &report{State: StateWaiting})
		require.Equal(t, c.own, m.Scopes())

		m = inState(pairConfig(c.mode, c.server), normal)
		m.Step(start, heartbeatAnswered{report{State: StateWaiting, Time: start}})
		require.Equal(t, c.own, m.Scopes(), "for a Kea nobody covers")
	}

	m, hear := ours(t, HotStandby, "server1", StateReady)
	require.Equal(t, "-", first(hear(time.Second, &report{State: StateHotStandby, Scopes: []string{"server1"}})), "the standby still serves")
	require.Equal(t, "hot-standby", first(hear(time.Second, &report{State: StateHotStandby})))
	require.Equal(t, StateHotStandby, m.State())
}

func TestOursStore(t *testing.T) {
	m, hear := ours(t, LoadBalancing, "server1", StateLoadBalancing)
	m.Step(start, storeFailed{})
	require.Equal(t, StateWaiting, m.State())
	require.False(t, m.Serving())
	hear(time.Second, &report{State: StateReady})
	hear(time.Second, &report{State: StateLoadBalancing})
	hear(9*time.Second, nil)
	require.Equal(t, StateWaiting, m.State(), "no way on")
	hear(time.Second, &report{State: StateLoadBalancing})
	require.Equal(t, "syncing", first(m.Step(start.Add(time.Minute), storeWorks{})))

	m, hear = ours(t, LoadBalancing, "server2", StateLoadBalancing)
	hear(time.Second, &report{State: StateLoadBalancing, StoreFailed: true})
	require.True(t, m.Covering())
	m, hear = ours(t, LoadBalancing, "server2", StateLoadBalancing)
	hear(time.Second, &report{State: StateWaiting, StoreFailed: true})
	require.Equal(t, []string{"server1", "server2"}, m.Scopes())

	m, _ = ours(t, LoadBalancing, "server2", StateLoadBalancing)
	m.Step(start, maintenanceStart{})
	m.Step(start, storeFailed{})
	m.Step(start, notifyDone{Answered: true})
	require.Equal(t, StateWaiting, m.State(), "whatever was begun before")
	require.False(t, m.Serving())
	require.Empty(t, m.Scopes())

	_, hear = ours(t, LoadBalancing, "server2", StateWaiting)
	require.Equal(t, "-", first(hear(time.Second, &report{State: StateWaiting})), "the primary goes first")
	require.Equal(t, "syncing", first(hear(time.Second, &report{State: StateWaiting, StoreFailed: true})), "it never will")
	_, hear = ours(t, LoadBalancing, "server2", StateReady)
	require.Equal(t, "-", first(hear(time.Second, &report{State: StateWaiting})))
	require.Equal(t, "partner-down", first(hear(time.Second, &report{State: StateWaiting, StoreFailed: true})))
	m = inState(pairConfig(LoadBalancing, "server2"), StateReady)
	require.Equal(t, "-", first(m.Step(start, heartbeatAnswered{report{State: StateWaiting, Time: start, StoreFailed: true}})), "not of this kind")
	_, hear = ours(t, LoadBalancing, "server2", StateInMaintenance)
	require.Equal(t, "-", first(hear(time.Second, &report{State: StateWaiting})))
	require.Equal(t, "partner-down", first(hear(time.Second, &report{State: StateWaiting, StoreFailed: true})))
}

// The survivor of a maintenance dies: somebody serves.
func TestOursInMaintenanceTakesOver(t *testing.T) {
	m, hear := ours(t, HotStandby, "server2", StateInMaintenance)
	require.Equal(t, "-", first(hear(4*time.Second, nil)))
	due := start.Add(4*time.Second + time.Millisecond)
	require.Equal(t, due, m.Deadline(), "without waiting for the next heartbeat")
	require.Equal(t, "partner-down", first(m.Step(due, tick{})))
	require.Equal(t, []string{"server1"}, m.Scopes())
}

func TestFailureDetection(t *testing.T) {
	client := func(i byte) lease.Client { return lease.Client{HWAddr: []byte{i}} }
	m := inState(pairConfig(HotStandby, "server2"), StateHotStandby)
	m.cfg.MaxUnackedClients = new(uint32(2))
	m.Step(start, queryLeft{client(1), time.Hour})
	require.Zero(t, m.Connecting(), "only when the partner is silent")
	now := start.Add(5 * time.Second)
	m.Step(now, heartbeatFailed{})
	require.Equal(t, 3, m.UnackedLeft(now))
	require.Zero(t, m.UnackedLeft(now.Add(-2*time.Second)))
	left, _ := m.Takeover(now)
	require.Equal(t, Takeover{Clients: 3}, left)
	m.Step(now, queryLeft{client(1), time.Second})
	m.Step(now, queryLeft{})
	require.Equal(t, []uint64{2, 1, 0}, []uint64{m.Analyzed(), uint64(m.Connecting()), uint64(m.Unacked())})
	for range 2 {
		m.Step(now, queryLeft{client(1), time.Second + time.Millisecond})
	}
	m.Step(now, queryLeft{client(1), 0})
	require.Equal(t, 1, m.Unacked(), "once a client, and for good")
	m.Step(now, queryLeft{client(2), time.Hour})
	m.Step(now.Add(time.Hour), queryLeft{client(3), 0})
	m.Step(now.Add(2*time.Hour), queryLeft{client(3), 0})
	require.Equal(t, 1, m.UnackedLeft(now))
	require.Equal(t, "partner-down", first(m.Step(now, queryLeft{client(4), time.Hour})), "at once")
	require.Zero(t, m.UnackedLeft(now))

	m.heartbeat.out = true
	m.Step(now, heartbeatAnswered{report{State: StateReady, Time: now}})
	require.Zero(t, m.Connecting()+m.Unacked()+int(m.Analyzed()))

	// Ours watches clients that do not say how long they have waited, and
	// after a long silence one is enough.
	m, hear := ours(t, HotStandby, "server2", StateHotStandby)
	hear(0, &report{State: StateHotStandby})
	hear(5*time.Second, nil)
	m.Step(start.Add(5*time.Second), queryLeft{client(1), 0})
	m.Step(start.Add(6*time.Second), queryLeft{client(1), 0})
	require.Zero(t, m.Unacked())
	m.Step(start.Add(6*time.Second+time.Millisecond), queryLeft{client(1), 0})
	require.Equal(t, 1, m.Unacked())
	left, _ = m.Takeover(start.Add(7 * time.Second))
	require.Equal(t, Takeover{Clients: 2, OneIn: time.Second + time.Millisecond}, left)
	hear(7999*time.Millisecond-5*time.Second, nil)
	due := start.Add(8*time.Second + time.Millisecond)
	require.Equal(t, due, m.Deadline())
	require.Equal(t, "partner-down", first(m.Step(due, tick{})))
}

// Time alone makes a partner lost, not only the next heartbeat.
func TestTakeoverOnTime(t *testing.T) {
	m := newMachine(pairConfig(HotStandby, "server2"), start)
	m.cfg.HeartbeatDelay = new(uint32(3000))
	m = newMachine(m.cfg, start)
	m.Step(start, tick{})
	m.Step(start.Add(3*time.Second), tick{})
	require.Zero(t, m.Deadline(), "the heartbeat may yet be answered")
	m.Step(start.Add(3*time.Second), heartbeatFailed{})
	left, ok := m.Takeover(start.Add(3 * time.Second))
	require.True(t, ok)
	require.Equal(t, Takeover{In: time.Second + time.Millisecond}, left)
	due := start.Add(4*time.Second + time.Millisecond)
	require.Equal(t, due, m.Deadline())
	require.Equal(t, "-", first(m.Step(due.Add(-time.Millisecond), tick{})))
	require.Equal(t, "partner-down", first(m.Step(due, tick{})))
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
		require.Equal(t, []action{sendHeartbeat{}}, m.Step(now, tick{}))
		require.Equal(t, "-", first(m.Step(now, heartbeatAnswered{report{State: StateTerminated, Time: now}})))
	}
	require.Equal(t, []time.Duration{1, 2, 4, 8, 16, 32, 64, 64, 64}, delays)
	now = m.Deadline()
	m.Step(now, tick{})
	require.Equal(t, "waiting", first(m.Step(now, heartbeatAnswered{report{State: StateTerminated, Time: start, Ours: true}})))
	require.Equal(t, StateWaiting, m.State())
	require.Equal(t, now.Add(hurried), m.Deadline(), "it is asked again soon")
}

// The part of communication-recovery that is about a Kea.
func TestRecoveryOfAKea(t *testing.T) {
	recovering := func(overflow bool) *machine {
		m := inState(pairConfig(LoadBalancing, "server1"), StateCommunicationRecovery)
		if overflow {
			m.Step(start, backlogOverflowed{})
		}
		m.Step(start, heartbeatAnswered{report{State: StateLoadBalancing, Time: start}})
		return m
	}
	m := recovering(false)
	m.heartbeat.out = true
	require.Equal(t, "-", first(m.Step(start, heartbeatAnswered{report{State: StatePartnerDown, Time: start}})), "waits for the end")
	require.Empty(t, m.Step(start, resetDone{OK: true}), "of what was not begun")
	m.found(start, StateLoadBalancing)
	require.Equal(t, "load-balancing", first(m.Step(start, backlogDone{OK: true})))

	m = recovering(false)
	require.Equal(t, "reset", first(m.Step(start, backlogDone{})))
	actions := m.Step(start, resetDone{OK: true})
	require.Equal(t, dropBacklog{}, actions[0], "the partner fetches the leases")
	require.Equal(t, "waiting", first(actions))
	require.Equal(t, StateSyncing, m.State())
	require.Contains(t, actions, synchronize{})

	// Nothing goes on as if what has failed had been sent.
	m = recovering(false)
	require.Equal(t, "reset", first(m.Step(start, backlogDone{})))
	m.Step(start, resetDone{})
	m.heartbeat.out = true
	require.Equal(t, "reset", first(m.Step(start, heartbeatAnswered{report{State: StateLoadBalancing, Time: start}})))
	m = recovering(true)
	require.Equal(t, "-", first(m.Step(start, resetDone{})))
	require.Equal(t, StateCommunicationRecovery, m.State())
	for range 3 {
		m.heartbeat.out = true
		require.Equal(t, "reset", first(m.Step(start, heartbeatAnswered{report{State: StateLoadBalancing, Time: start}})))
		m.Step(start, resetDone{})
	}

	m.enter(start, StateWaiting)
	m.enter(start, StateCommunicationRecovery)
	m.actions = nil
	m.heartbeat.out = true
	require.Equal(t, "backlog", first(m.Step(start, heartbeatAnswered{report{State: StateLoadBalancing, Time: start}})), "a new one")

	// A command in the middle: the end is not waited for, and then ignored.
	m = recovering(false)
	m.Step(start, reset{})
	require.Equal(t, StateSyncing, m.State())
	m.heartbeat.out = true
	require.Equal(t, "-", first(m.Step(start, heartbeatAnswered{report{State: StateLoadBalancing, Time: start}})))
	require.Equal(t, "sync", first(m.Step(start, backlogDone{OK: true})), "one thing at a time")
}

func TestSynchronizing(t *testing.T) {
	m := inState(pairConfig(LoadBalancing, "server1"), StateWaiting)
	actions := m.Step(start, heartbeatAnswered{report{State: StatePartnerDown, Time: start}})
	require.Contains(t, actions, synchronize{})
	require.Zero(t, m.Deadline(), "no heartbeats while a Kea is asked for leases")
	require.Equal(t, "the partner's leases", m.WaitsFor())
	later := start.Add(time.Minute)
	require.Empty(t, m.Step(later, syncDone{Unreachable: true}))
	require.Equal(t, StateUnavailable, m.Partner())
	require.Equal(t, StateSyncing, m.State(), "a heartbeat will tell whether it is lost")
	require.Equal(t, later.Add(time.Second), m.Deadline())
	m.Step(m.Deadline(), tick{})
	require.Equal(t, "sync", first(m.Step(later, heartbeatAnswered{report{State: StatePartnerDown, Time: later}})))
	require.Equal(t, "ready", first(m.Step(later, syncDone{OK: true})))

	m, hear := ours(t, LoadBalancing, "server1", StateWaiting)
	require.Contains(t, hear(0, &report{State: StatePartnerDown}), synchronize{})
	require.NotZero(t, m.Deadline(), "leases come as ever")
	require.Equal(t, "partner-down", first(hear(5*time.Second, nil)), "nothing is blocked")
	m.Step(start.Add(6*time.Second), syncDone{OK: true})
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
		hear(time.Second, &report{State: StateInMaintenance, StoreFailed: true})
		require.Equal(t, StatePartnerDown, m.State(), "it could not confirm leases")
		hear(time.Second, &report{State: StateInMaintenance})
		require.Equal(t, StatePartnerInMaintenance, m.State())
		require.Equal(t, []string{"server1"}, m.Scopes())
		require.Contains(t, m.Step(start.Add(4*time.Second), maintenanceCancel{}), sendMaintenanceNotify{Cancel: true, State: StatePartnerDown})

		m = inState(pairConfig(HotStandby, server), StatePartnerDown)
		m.heartbeat.out = true
		m.Step(start, heartbeatAnswered{report{State: StateInMaintenance, Time: start}})
		require.Equal(t, StatePartnerDown, m.State(), "as Kea's do")
	}
}

// A primary whose store has failed for a moment has heard that its partner is
// ready. That may have taken over since then, as it does for one without a store.
func TestReadyPartnerIsAskedAgainAfterStoreHasFailed(t *testing.T) {
	for _, mode := range []Mode{LoadBalancing, HotStandby} {
		m := inState(pairConfig(mode, "server1"), StateReady)
		m.Step(start, storeFailed{})
		m.Step(start, heartbeatAnswered{report{State: StateReady, Time: start, Ours: true}})
		require.Equal(t, StateWaiting, m.State())
		require.Contains(t, m.Step(start, storeWorks{}), action(synchronize{}))
		m.Step(start, syncDone{OK: true})
		require.Equal(t, StateReady, m.State(), "it was ready before this server was")
		now := start.Add(hurried)
		require.Contains(t, m.Step(now, tick{}), action(sendHeartbeat{}), "it is asked at once")
		other := m.Clone()
		other.Step(now, heartbeatAnswered{report{State: StatePartnerDown, Time: now, Ours: true, Scopes: []string{"server1"}}})
		require.Equal(t, StateReady, other.State())
		m.Step(now, heartbeatAnswered{report{State: StateReady, Time: now, Ours: true}})
		require.Equal(t, normalOf(mode), m.State())
	}
}
