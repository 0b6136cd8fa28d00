package ha

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
)

// answer returns the response among the actions.
func answer(t *testing.T, actions []action) ctrl.Response {
	t.Helper()
	var found []ctrl.Response
	for _, a := range actions {
		if r, ok := a.(reply); ok {
			found = append(found, r.Response)
		}
	}
	require.Len(t, found, 1)
	return found[0]
}

const (
	saysDown     = "Server is now in the partner-down state as its partner appears to be offline for maintenance."
	saysStarted  = "Server is now in the partner-in-maintenance state and its partner is in-maintenance state. The partner can be now safely shut down."
	saysIn       = "Server is in-maintenance state."
	saysNotIn    = "Unable to cancel the maintenance for the server not in the in-maintenance state."
	saysNotPIM   = "Unable to cancel maintenance request because the server is not in the partner-in-maintenance state."
	saysNoLonger = "Server maintenance canceled."
	saysCanceled = "Server maintenance successfully canceled."
)

var activeStates = []State{
	StateWaiting, StateSyncing, StateReady, StateLoadBalancing, StateCommunicationRecovery, StatePartnerDown,
	StatePartnerInMaintenance, StateInMaintenance, StateTerminated,
}

func TestMaintenanceNotifyInEveryState(t *testing.T) {
	for _, s := range activeStates {
		m := inState(pairConfig(LoadBalancing, "server2"), s)
		m.Step(start, heartbeatAnswered{report{State: StateUnavailable, Time: start}})
		m.enter(start, s)
		r := answer(t, m.Step(start, maintenanceNotify{State: StateLoadBalancing}))
		switch s {
		case StatePartnerInMaintenance, StateTerminated:
			require.Equal(t, ctrl.Response{Result: 1001, Text: "Unable to transition the server from the " + s.String() + " to in-maintenance state."}, r)
			require.Equal(t, s, m.State())
			continue
		}
		require.Equal(t, ctrl.Response{Text: saysIn}, r, s)
		require.Equal(t, StateInMaintenance, m.State())
		require.Empty(t, m.Scopes())
		require.False(t, m.Serving())

		m.Step(start, maintenanceNotify{}) // again
		require.Equal(t, StateInMaintenance, m.State())
		r = answer(t, m.Step(start, maintenanceNotify{Cancel: true, State: StateReady}))
		back := s
		if s == StateInMaintenance {
			back = StateWaiting
		}
		require.Equal(t, back, m.State())
		require.Equal(t, ctrl.Response{Text: saysNoLonger, Arguments: map[string]string{"state": back.String()}}, r)
		require.Equal(t, StateReady, m.Partner(), "as the partner says")
	}
	m := inState(pairConfig(LoadBalancing, "server2"), StateReady)
	require.Equal(t, ctrl.Response{Result: 1, Text: saysNotIn}, answer(t, m.Step(start, maintenanceNotify{Cancel: true})))

	cfg := pairConfig(PassiveBackup, "server2")
	m = inState(cfg, StateBackup)
	require.Equal(t, ctrl.Response{Result: 1001, Text: "Unable to transition the server from the backup to in-maintenance state."},
		answer(t, m.Step(start, maintenanceNotify{})))
	require.Equal(t, ctrl.Response{Result: 1, Text: "Unable to transition the server from the backup to partner-in-maintenance state."},
		answer(t, m.Step(start, maintenanceStart{})))
}

// Who asks for maintenance serves all clients as soon as it is allowed. A server
// that has not fetched their leases yet, or not the last of them, would give
// them to others.
func TestClientsAreNotLeftToServerWithoutLeases(t *testing.T) {
	for _, s := range activeStates {
		m := inState(pairConfig(HotStandby, "server1"), StatePartnerDown)
		r := answer(t, m.Step(start, maintenanceNotify{State: s}))
		if s == StateWaiting || s == StateSyncing || s == StateReady {
			require.Equal(t, ctrl.Response{Result: 1001, Text: "Unable to transition the server from the partner-down to in-maintenance state."}, r)
			require.Equal(t, StatePartnerDown, m.State())
			require.True(t, m.Serving())
			continue
		}
		require.Equal(t, ctrl.Response{Text: saysIn}, r, s)
	}
}

func TestMaintenanceStart(t *testing.T) {
	for _, s := range activeStates {
		start1 := func() *machine {
			cfg := pairConfig(LoadBalancing, "server1")
			cfg.this().AutoFailover = new(false)
			m := inState(cfg, s)
			m.heartbeat.out = false
			m.found(start, StateLoadBalancing)
			require.Equal(t, []action{sendMaintenanceNotify{State: s}}, m.Step(start, maintenanceStart{}))
			require.Equal(t, s, m.State())
			require.Equal(t, 1, answer(t, m.Step(start, maintenanceStart{})).Result, "one at a time")
			require.Equal(t, 1001, answer(t, m.Step(start, maintenanceNotify{})).Result, "both at once: neither")
			return m
		}
		switch s {
		case StatePartnerInMaintenance, StateInMaintenance, StateTerminated:
			m := inState(pairConfig(LoadBalancing, "server1"), s)
			require.Equal(t, []action{reply{ctrl.Response{Result: 1, Text: "Unable to transition the server from the " +
				s.String() + " to partner-in-maintenance state."}}}, m.Step(start, maintenanceStart{}))
			continue
		}
		for _, ev := range []notifyDone{{}, {Answered: true, Result: 1, Text: "no"}} {
			m := start1()
			require.Equal(t, ctrl.Response{Text: saysDown}, answer(t, m.Step(start, ev)))
			require.Equal(t, StatePartnerDown, m.State())
			require.Equal(t, []string{"server1", "server2"}, m.Scopes(), "although auto-failover is false")
			require.Equal(t, StateUnavailable, m.Partner())
		}
		for _, result := range []int{1001, 2, 3, 4, 5} {
			m := start1()
			r := answer(t, m.Step(start, notifyDone{Answered: true, Result: result, Text: "not now"}))
			require.Equal(t, 1, r.Result)
			require.Contains(t, r.Text, "not now")
			require.Equal(t, s, m.State())
			require.Equal(t, StateLoadBalancing, m.Partner(), "it is there")
		}
		m := start1()
		require.Equal(t, ctrl.Response{Text: saysStarted}, answer(t, m.Step(start, notifyDone{Answered: true})))
		require.Equal(t, StatePartnerInMaintenance, m.State())
		require.Equal(t, []string{"server1", "server2"}, m.Scopes())
		require.Equal(t, start, m.Deadline(), "and asks how it is")

		require.Equal(t, []action{sendMaintenanceNotify{Cancel: true, State: s}}, m.Step(start, maintenanceCancel{}))
		require.Equal(t, 1, answer(t, m.Step(start, notifyDone{Answered: true, Result: 1})).Result)
		require.Equal(t, StatePartnerInMaintenance, m.State())
		require.Equal(t, StateUnavailable, m.Partner())
		m.Step(start, maintenanceCancel{})
		require.Equal(t, ctrl.Response{Text: saysCanceled}, answer(t, m.Step(start, notifyDone{Answered: true, State: StateReady})))
		require.Equal(t, s, m.State())
		require.Equal(t, StateReady, m.Partner())
	}
	m := inState(pairConfig(LoadBalancing, "server1"), StateLoadBalancing)
	require.Equal(t, []action{reply{ctrl.Response{Result: 1, Text: saysNotPIM}}}, m.Step(start, maintenanceCancel{}))
}

// A reset that comes while the partner is told of the cancellation is not
// undone by its answer.
func TestResetDuringCancel(t *testing.T) {
	m := inState(pairConfig(LoadBalancing, "server1"), StateLoadBalancing)
	m.Step(start, maintenanceStart{})
	m.Step(start, notifyDone{Answered: true})
	m.Step(start, maintenanceCancel{})
	m.Step(start, reset{})
	actions := m.Step(start, notifyDone{Answered: true, State: StateLoadBalancing})
	require.Equal(t, ctrl.Response{Text: saysCanceled}, answer(t, actions))
	require.Equal(t, "-", first(actions))
	require.Equal(t, StateWaiting, m.State())
}

// What the rules would do waits for the end of what is under way.
func TestRulesWaitForTheNotify(t *testing.T) {
	m := inState(pairConfig(LoadBalancing, "server1"), StateLoadBalancing)
	m.Step(start, maintenanceStart{})
	require.Equal(t, "-", first(m.Step(start, heartbeatFailed{})))
	require.Equal(t, StateLoadBalancing, m.State())
	m.Step(start, notifyDone{Answered: true, Result: 1001})
	require.Equal(t, []action{sendHeartbeat{}}, m.Step(m.Deadline(), tick{}))
	require.Equal(t, "communication-recovery", first(m.Step(start, heartbeatFailed{})))
}

// A shut-down partner is taken for down at once; no silence is waited for.
func TestPartnerInMaintenanceGoesDown(t *testing.T) {
	m := inState(pairConfig(HotStandby, "server2"), StatePartnerInMaintenance)
	require.Equal(t, "-", first(m.Step(start, heartbeatAnswered{report{State: StateInMaintenance, Time: start}})))
	m.heartbeat.out = true
	require.Equal(t, "partner-down", first(m.Step(start, heartbeatFailed{})))
	require.Equal(t, []string{"server1"}, m.Scopes())
}

func TestReset(t *testing.T) {
	for _, s := range activeStates {
		m := inState(pairConfig(LoadBalancing, "server1"), s)
		m.heartbeat.out = false
		m.schedule(start)
		m.found(start, StateReady)
		r := answer(t, m.Step(start, reset{}))
		require.Zero(t, r.Result)
		if s == StateWaiting {
			require.Equal(t, StateWaiting, m.State())
			continue
		}
		require.Equal(t, "HA state machine reset.", r.Text)
		require.Equal(t, StateSyncing, m.State(), "one step further, by what is known of the partner")
		require.Equal(t, jobNone, m.job, "the rest after it has been heard")
		require.Equal(t, start, m.Deadline())
	}
}

func TestPause(t *testing.T) {
	cfg := pairConfig(HotStandby, "server2")
	cfg.StateMachine = &StateMachine{States: []StatePause{{State: "ready", Pause: PauseOnce}, {State: "partner-down", Pause: PauseAlways}, {State: "waiting", Pause: PauseNever}}}
	m := newMachine(cfg, start)
	m.Step(start, tick{})
	require.Equal(t, "HA state machine is not paused.", answer(t, m.Step(start, resume{})).Text)
	for i := range 2 {
		m.enter(start, StatePartnerDown)
		require.True(t, m.Paused(), "always")
		m.enter(start, StateReady)
		require.True(t, m.Paused(), "still: the pause of ready is not used up")
		require.Equal(t, "HA state machine continues.", answer(t, m.Step(start, resume{})).Text)
		require.False(t, m.Paused())
		m.enter(start, StateWaiting)
		m.enter(start, StateReady)
		require.Equal(t, i == 0, m.Paused(), "once")
		m.Step(start, resume{})
	}
}

func TestSetScopes(t *testing.T) {
	m := inState(pairConfig(HotStandby, "server2"), StateHotStandby)
	actions := m.Step(start, setScopes{[]string{"server2", "server1", "server2"}})
	require.Equal(t, []action{switchService{On: true}, reply{ctrl.Response{Text: "New HA scopes configured."}}}, actions)
	require.Equal(t, []string{"server1", "server2"}, m.Scopes())
	r := answer(t, m.Step(start, setScopes{[]string{"server1", "nobody"}}))
	require.Equal(t, ctrl.Response{Result: 1, Text: "invalid server name specified 'nobody' while enabling/disabling HA scopes"}, r)
	require.Equal(t, []string{"server1", "server2"}, m.Scopes(), "those before")
	m.Step(start, setScopes{})
	require.Empty(t, m.Scopes())
	require.Equal(t, StateHotStandby, m.State())
	m.enter(start, StatePartnerDown)
	require.Equal(t, []string{"server1"}, m.Scopes(), "until the state changes")
}

// After ha-sync-complete-notify partner-down serves nobody until it has heard
// how the partner is.
func TestSyncCompleted(t *testing.T) {
	for _, ev := range []event{
		heartbeatFailed{},
		heartbeatAnswered{report{State: StateSyncing, Time: start}}, // Kea's service stays off here
		heartbeatAnswered{report{State: StateReady, Time: start}},
	} {
		m := inState(pairConfig(HotStandby, "server2"), StatePartnerDown)
		require.Equal(t, []action{switchService{On: false}}, m.Step(start, syncCompleted{}))
		require.False(t, m.Serving())
		require.Contains(t, m.Step(start.Add(time.Second), ev), switchService{On: true})
		require.True(t, m.Serving())
	}
	m := inState(pairConfig(HotStandby, "server2"), StateHotStandby)
	require.Empty(t, m.Step(start, syncCompleted{}))
}

// The partner that has just come within reach again, and resets this server,
// is asked before it is taken for lost, whatever a heartbeat of before makes of
// it.
func TestResetByPartnerFromBeyondPartition(t *testing.T) {
	m := inState(pairConfig(LoadBalancing, "server2"), StateCommunicationRecovery)
	later := start.Add(time.Minute)
	m.found(start, StateUnavailable)
	m.heartbeat.out = true
	require.Equal(t, "HA state machine reset.", answer(t, m.Step(later, reset{})).Text)
	require.Equal(t, StateWaiting, m.State())
	require.Equal(t, "-", first(m.Step(later, heartbeatFailed{})))
	require.Equal(t, []action{sendHeartbeat{}}, m.Step(m.Deadline(), tick{}))
	silent := *m.Clone()
	require.Equal(t, "partner-down", first(silent.Step(later, heartbeatFailed{})), "it is silent indeed")
	require.Equal(t, "syncing", first(m.Step(later, heartbeatAnswered{report{State: StateCommunicationRecovery, Time: later}})))
}

// A heartbeat that crosses the cancellation of maintenance does not bring it
// back; one that comes when the partner must know does.
func TestMaintenanceStaysCancelled(t *testing.T) {
	m := inState(pairConfig(LoadBalancing, "server2"), StateLoadBalancing)
	answer(t, m.Step(start, maintenanceNotify{}))
	answer(t, m.Step(start, maintenanceNotify{Cancel: true, State: StateLoadBalancing}))
	require.Equal(t, StateLoadBalancing, m.State())
	again := heartbeatAnswered{report{State: StatePartnerInMaintenance, Time: start}}
	m.heartbeat.out = true
	require.Equal(t, "-", first(m.Step(start.Add(500*time.Millisecond), again)))
	m.heartbeat.out = true
	require.Equal(t, "in-maintenance", first(m.Step(start.Add(time.Second), again)))
}

// Who cancels has asked before, and is answered after that: the partner was in
// maintenance then. What it says when it is asked again counts.
func TestCancellationStays(t *testing.T) {
	for _, mode := range []Mode{LoadBalancing, HotStandby} {
		m := inState(pairConfig(mode, "server2"), m0(mode))
		m.enter(start, StatePartnerInMaintenance)
		m.heartbeat.out = true
		require.Contains(t, m.Step(start, maintenanceCancel{}), sendMaintenanceNotify{Cancel: true, State: m0(mode)})
		m.Step(start, notifyDone{Answered: true, State: m0(mode)})
		require.Equal(t, m0(mode), m.State())
		before := heartbeatAnswered{report{State: StateInMaintenance, Time: start}}
		m.Step(start, before)
		require.Equal(t, m0(mode), m.State())
		m.heartbeat.out = true
		m.Step(start, before)
		require.Equal(t, StatePartnerInMaintenance, m.State(), "another maintenance")
	}
}

// m0 is the state of normal operation.
func m0(mode Mode) State { return newMachine(pairConfig(mode, "server1"), start).normal }
