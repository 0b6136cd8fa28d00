package ha

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var start = time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)

// pairConfig is that of server1 (primary) or server2, as the recordings have it.
func pairConfig(mode Mode, name string) *Config {
	second, unacked := Secondary, uint32(5)
	if mode == HotStandby {
		second, unacked = Standby, 0
	}
	if mode == PassiveBackup {
		second = Backup
	}
	return &Config{
		ThisServerName: name, Mode: mode,
		Peers:          []Peer{{Name: "server1", Role: Primary}, {Name: "server2", Role: second}},
		HeartbeatDelay: new(uint32(1000)), MaxResponseDelay: new(uint32(4000)), MaxAckDelay: new(uint32(1000)),
		MaxUnackedClients: &unacked,
	}
}

func TestMachineStartsWaiting(t *testing.T) {
	m := newMachine(pairConfig(HotStandby, "server1"), start)
	require.Equal(t, start, m.Deadline())
	require.Equal(t, []action{switchService{On: false}}, m.Step(start, tick{}))
	require.Equal(t, StateWaiting, m.State())
	require.Empty(t, m.Scopes())
	require.Equal(t, start.Add(time.Second), m.Deadline(), "the first heartbeat, after a whole heartbeat-delay")
	require.Equal(t, []action{sendHeartbeat{}}, m.Step(m.Deadline(), tick{}))
	require.Zero(t, m.Deadline())
	require.Empty(t, m.Step(start, tick{}), "a second heartbeat waits for the end of the first")
}

// Who is told that clients are served finds them served.
func TestStateIsToldAfterItsSwitch(t *testing.T) {
	m := newMachine(pairConfig(PassiveBackup, "server1"), start)
	require.Equal(t, []action{
		switchService{On: false},
		switchService{On: true},
		stateChanged{From: StateWaiting, To: StatePassiveBackup},
	}, m.Step(start, tick{}))
}
