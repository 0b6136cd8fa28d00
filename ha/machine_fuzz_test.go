package ha

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// FuzzMachine: whatever happens in whatever order, nothing panics, nothing is
// asked for twice, each command is answered once, and time always goes on.
func FuzzMachine(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 2, 0, 1, 9, 2, 0, 1, 3, 3})
	f.Add([]byte{7, 0, 0, 17, 0, 19, 14, 1, 15, 16, 0, 0, 1, 11, 4, 4, 1, 13, 12, 18})
	for mode := range byte(24) {
		all := []byte{mode}
		for n := range 600 {
			all = append(all, byte(n*n*31/7+n*int(mode)))
		}
		f.Add(all)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		w := newWatched(t, &data)
		for len(data) > 0 {
			w.step(randomEvent(w, &data))
		}
	})
}

func next(data *[]byte) byte {
	if len(*data) == 0 {
		return 0
	}
	b := (*data)[0]
	*data = (*data)[1:]
	return b
}

// watched is a machine whose steps are watched.
type watched struct {
	*machine
	t       *testing.T
	now     time.Time
	out     map[string]bool // asked for and not ended
	service bool
}

func newWatched(t *testing.T, data *[]byte) *watched {
	b := next(data)
	mode := []Mode{LoadBalancing, HotStandby, PassiveBackup}[b%3]
	cfg := pairConfig(mode, []string{"server1", "server2"}[b/3%2])
	cfg.Peers = append(cfg.Peers, Peer{Name: "a-backup", Role: Backup})
	if b/6%2 == 1 {
		cfg.StateMachine = &StateMachine{States: []StatePause{{State: "ready", Pause: PauseOnce}, {State: "partner-down", Pause: PauseAlways}}}
		cfg.SyncLeases = new(false)
	}
	if b/12%2 == 1 {
		cfg.HeartbeatDelay = new(uint32(9000)) // longer than max-response-delay
		cfg.MaxRejectedLeaseUpdates = new(uint32(1))
	}
	return &watched{machine: newMachine(cfg, start), t: t, now: start, out: map[string]bool{}}
}

func randomEvent(w *watched, data *[]byte) event {
	arg := next(data)
	switch next(data) % 25 {
	case 0, 1:
		return tick{}
	case 2, 3:
		return heartbeatAnswered{report{
			State: State(arg % 16), Time: w.now.Add(time.Duration(arg) * time.Second / 3), Ours: arg%3 == 0,
			StoreFailed: arg%5 == 0, HasUnsent: arg%2 == 0, Unsent: uint64(arg % 7), Scopes: []string{"server1"}[:arg%2],
		}}
	case 4:
		return heartbeatFailed{}
	case 5:
		return updateAnswered{Peer: []string{"server1", "server2", "a-backup"}[arg%3], Outcome: outcome(arg % 4), Client: lease.Client{ID: []byte{arg}}}
	case 6:
		return updateUnsent{}
	case 7:
		return queryLeft{Client: lease.Client{HWAddr: []byte{arg}[:arg%2]}, Waited: time.Duration(arg) * time.Second / 20}
	case 8:
		return syncDone{OK: arg%2 == 0, Unreachable: arg%3 == 0}
	case 9:
		return backlogDone{OK: arg%2 == 0}
	case 10:
		return backlogOverflowed{}
	case 11:
		return resetDone{OK: arg%2 == 0}
	case 12:
		return notifyDone{Answered: arg%4 != 0, Result: []int{0, 1, 1001}[arg%3], State: State(arg % 16)}
	case 13:
		return storeFailed{}
	case 14:
		return storeWorks{}
	case 15:
		return reset{}
	case 16:
		return resume{}
	case 17:
		return setScopes{[]string{"server2", "server1", "x"}[:arg%4]}
	case 18:
		return maintenanceStart{}
	case 19:
		return maintenanceCancel{}
	case 20:
		return maintenanceNotify{Cancel: arg%2 == 0, State: State(arg % 16)}
	case 21:
		return syncCompleted{}
	case 23:
		return partnerChanged{}
	case 22:
		return serviceSwitched{On: arg%2 == 0}
	}
	if at := w.Deadline(); arg%2 == 0 && at.After(w.now) {
		w.now = at
	} else {
		w.now = w.now.Add(time.Duration(arg) * 20 * time.Millisecond)
	}
	return tick{}
}

func (w *watched) step(ev event) {
	t := w.t
	replies := 0
	switch ev.(type) {
	case heartbeatAnswered, heartbeatFailed:
		delete(w.out, "heartbeat")
	case syncDone:
		delete(w.out, "sync")
	case backlogDone:
		delete(w.out, "backlog")
	case resetDone:
		delete(w.out, "reset")
	case notifyDone:
		if w.out["notify"] {
			replies++
		}
		delete(w.out, "notify")
	case reset, resume, setScopes, maintenanceStart, maintenanceCancel, maintenanceNotify:
		replies++
	}
	clone := w.Clone()
	again := clone.Step(w.now, ev)
	actions := w.Step(w.now, ev)
	require.Equal(t, actions, again, "the same each time")
	require.Equal(t, w.machine, clone)

	ask := func(what string) {
		require.False(t, w.out[what], "%s: asked for again", what)
		w.out[what] = true
	}
	for _, a := range actions {
		switch a := a.(type) {
		case sendHeartbeat:
			ask("heartbeat")
		case synchronize:
			ask("sync")
		case sendBacklog:
			ask("backlog")
		case sendReset:
			ask("reset")
		case sendMaintenanceNotify:
			ask("notify")
			replies--
		case switchService:
			w.service = a.On
		case reply:
			replies--
		}
	}
	require.Zero(t, replies, "%T", ev)
	require.False(t, w.out["sync"] && w.out["backlog"] || w.out["backlog"] && w.out["reset"] || w.out["reset"] && w.out["sync"])
	require.Equal(t, w.service, w.Serving())
	require.False(t, w.State() == StateNone || w.State() == StateUnavailable, "%v", w.State())
	require.True(t, slices.IsSorted(w.Scopes()))
	require.False(t, w.Covering() && !w.Ours())
	require.False(t, w.StoreFailed() && w.Serving())
	if _, ok := ev.(tick); ok {
		require.True(t, w.Deadline().IsZero() || w.Deadline().After(w.now), "%v", w.Deadline())
	}
	w.WaitsFor()
	w.Takeover(w.now)
	require.GreaterOrEqual(t, w.UnackedLeft(w.now), 0)
	if w.partnerName == "" {
		require.False(t, w.out["heartbeat"] || w.out["notify"] || w.out["sync"])
	}
}
