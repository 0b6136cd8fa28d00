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
	*Machine
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
	return &watched{Machine: NewMachine(cfg, start), t: t, now: start, out: map[string]bool{}}
}

func randomEvent(w *watched, data *[]byte) Event {
	arg := next(data)
	switch next(data) % 25 {
	case 0, 1:
		return Tick{}
	case 2, 3:
		return HeartbeatAnswered{Report{
			State: State(arg % 16), Time: w.now.Add(time.Duration(arg) * time.Second / 3), Ours: arg%3 == 0,
			StoreFailed: arg%5 == 0, HasUnsent: arg%2 == 0, Unsent: uint64(arg % 7), Scopes: []string{"server1"}[:arg%2],
		}}
	case 4:
		return HeartbeatFailed{}
	case 5:
		return UpdateAnswered{Peer: []string{"server1", "server2", "a-backup"}[arg%3], Outcome: Outcome(arg % 4), Client: lease.Client{ID: []byte{arg}}}
	case 6:
		return UpdateUnsent{}
	case 7:
		return QueryLeft{Client: lease.Client{HWAddr: []byte{arg}[:arg%2]}, Waited: time.Duration(arg) * time.Second / 20}
	case 8:
		return SyncDone{OK: arg%2 == 0, Unreachable: arg%3 == 0}
	case 9:
		return BacklogDone{OK: arg%2 == 0}
	case 10:
		return BacklogOverflowed{}
	case 11:
		return ResetDone{OK: arg%2 == 0}
	case 12:
		return NotifyDone{Answered: arg%4 != 0, Result: []int{0, 1, 1001}[arg%3], State: State(arg % 16)}
	case 13:
		return StoreFailed{}
	case 14:
		return StoreWorks{}
	case 15:
		return Reset{}
	case 16:
		return Continue{}
	case 17:
		return SetScopes{[]string{"server2", "server1", "x"}[:arg%4]}
	case 18:
		return MaintenanceStart{}
	case 19:
		return MaintenanceCancel{}
	case 20:
		return MaintenanceNotify{Cancel: arg%2 == 0, State: State(arg % 16)}
	case 21:
		return SyncCompleted{}
	case 23:
		return PartnerChanged{}
	case 22:
		return ServiceSwitched{On: arg%2 == 0}
	}
	if at := w.Deadline(); arg%2 == 0 && at.After(w.now) {
		w.now = at
	} else {
		w.now = w.now.Add(time.Duration(arg) * 20 * time.Millisecond)
	}
	return Tick{}
}

func (w *watched) step(ev Event) {
	t := w.t
	replies := 0
	switch ev.(type) {
	case HeartbeatAnswered, HeartbeatFailed:
		delete(w.out, "heartbeat")
	case SyncDone:
		delete(w.out, "sync")
	case BacklogDone:
		delete(w.out, "backlog")
	case ResetDone:
		delete(w.out, "reset")
	case NotifyDone:
		if w.out["notify"] {
			replies++
		}
		delete(w.out, "notify")
	case Reset, Continue, SetScopes, MaintenanceStart, MaintenanceCancel, MaintenanceNotify:
		replies++
	}
	clone := w.Clone()
	again := clone.Step(w.now, ev)
	actions := w.Step(w.now, ev)
	require.Equal(t, actions, again, "the same each time")
	require.Equal(t, w.Machine, clone)

	ask := func(what string) {
		require.False(t, w.out[what], "%s: asked for again", what)
		w.out[what] = true
	}
	for _, a := range actions {
		switch a := a.(type) {
		case SendHeartbeat:
			ask("heartbeat")
		case Synchronize:
			ask("sync")
		case SendBacklog:
			ask("backlog")
		case SendReset:
			ask("reset")
		case SendMaintenanceNotify:
			ask("notify")
			replies--
		case SwitchService:
			w.service = a.On
		case Reply:
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
	if _, ok := ev.(Tick); ok {
		require.True(t, w.Deadline().IsZero() || w.Deadline().After(w.now), "%v", w.Deadline())
	}
	w.WaitsFor()
	w.Takeover(w.now)
	require.GreaterOrEqual(t, w.UnackedLeft(w.now), 0)
	if w.partnerName == "" {
		require.False(t, w.out["heartbeat"] || w.out["notify"] || w.out["sync"])
	}
}
