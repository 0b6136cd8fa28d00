package hatest

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/ha"
)

// What starts or stops already, or has ended, is left as it is.
func TestStartAndStop(t *testing.T) {
	normal(t, ha.HotStandby, func(t *testing.T, w *World) {
		n := w.Node("server1")
		program := n.Program()
		require.NotNil(t, program)
		n.Start()
		require.Same(t, program, n.Program())
		n.Stop()
		for range 2 {
			require.False(t, n.Running())
			require.Nil(t, n.Program())
			require.Equal(t, ha.StateNone, n.State())
			require.Equal(t, ctrl.Error, n.Command("ha-heartbeat", nil).Result)
			_, ok := n.ask(Query{Kind: Discover})
			require.False(t, ok)
			n.Stop()
			n.Kill()
			n.PowerOff()
		}
		n.Start()
		require.Equal(t, ha.StateWaiting, n.State())
		w.UntilState(20*time.Second, ha.StateHotStandby)
	})
}

// However a server ends, it takes no time, the other one takes over, and when it
// is back it has what it had acknowledged and what was given meanwhile.
func TestEnds(t *testing.T) {
	for name, end := range map[string]func(*Node){"stop": (*Node).Stop, "kill": (*Node).Kill, "power off": (*Node).PowerOff} {
		for _, who := range []string{"server1", "server2"} {
			t.Run(name+" "+who, func(t *testing.T) {
				normal(t, ha.HotStandby, func(t *testing.T, w *World) {
					require.NoError(t, w.gives("server1", 1))
					other := map[string]string{"server1": "server2", "server2": "server1"}[who]
					began, file := time.Now(), w.Node(who).LeaseFile()
					end(w.Node(who))
					if name != "stop" {
						require.Zero(t, time.Since(began))
						require.NotEqual(t, file, w.Node(who).LeaseFile())
					}
					w.UntilState(10*time.Second, ha.StatePartnerDown, other)
					require.NoError(t, w.gives(other, 2))
					w.Node(who).Start()
					require.True(t, w.has(who, 1))
					w.UntilState(20*time.Second, ha.StateHotStandby)
					w.Until(who+" has both leases", 5*time.Second, func() bool { return w.has(who, 1) && w.has(who, 2) })
				})
			})
		}
	}
}

// A partner is told by the end of its connections that a process was killed, and
// of a loss of power by nothing.
func TestPowerOffIsSilent(t *testing.T) {
	took := func(end func(*Node)) (took time.Duration) {
		normal(t, ha.HotStandby, func(t *testing.T, w *World) {
			began := time.Now()
			end(w.Node("server2"))
			_ = w.gives("server1", 1)
			took = time.Since(began)
		})
		return took
	}
	require.Less(t, took((*Node).Kill), time.Second)
	require.Greater(t, took((*Node).PowerOff), time.Second)
}

// A program that has ended answers nobody any more, even if it was about to.
func TestNoAnswerAfterTheEnd(t *testing.T) {
	for _, end := range []func(*Node){(*Node).Kill, (*Node).PowerOff} {
		normal(t, ha.HotStandby, func(t *testing.T, w *World) {
			n := w.Node("server1")
			n.SlowDisk(time.Second)
			answered := make(chan bool, 1)
			w.send(Clients, n.Name, 1, func() {
				_, ok := n.ask(Query{Kind: Request, Addr: w.address(1)})
				answered <- ok
			})
			w.Sleep(800 * time.Millisecond) // it is written, but not yet synced
			end(n)
			require.False(t, <-answered)
		})
	}
}

// An operator's commands reach the program.
func TestCommand(t *testing.T) {
	normal(t, ha.HotStandby, func(t *testing.T, w *World) {
		n := w.Node("server1")
		require.Equal(t, ctrl.Unsupported, n.Command("fly", nil).Result)
		require.Equal(t, ctrl.Error, n.Command("ha-maintenance-start", make(chan int)).Result)
		resp := n.Command("ha-maintenance-start", nil)
		require.Equal(t, ctrl.Success, resp.Result, resp.Text)
		w.UntilState(10*time.Second, ha.StatePartnerInMaintenance, "server1")
		require.Equal(t, ctrl.Error, n.Command("ha-sync", map[string]any{"server-name": "nobody"}).Result)
	})
}

// The log lines of servers are in the trace if that is wanted.
func TestLogs(t *testing.T) {
	for _, logs := range []bool{false, true} {
		o := run(t, Config{Start: keep, Logs: logs}, func(w *World) {
			w.Start()
			w.UntilState(20*time.Second, ha.StateHotStandby)
		})
		require.Empty(t, o.failures)
		require.Contains(t, o.trace.String(), "server1  waiting -> syncing, serves []")
		if logs {
			require.Contains(t, o.trace.String(), "server1  level=INFO")
		} else {
			require.NotContains(t, o.trace.String(), "level=")
		}
		require.NotContains(t, o.trace.String(), "time=")
	}
}

// Programs may be ended while others have an effect on them, again and again.
func TestEndsAtAnyMoment(t *testing.T) {
	for seed := range uint64(5) {
		keepers(t, Config{Seed: seed}, func(t *testing.T, w *World) {
			w.Start()
			dice := chance(seed, "test", 0)
			for i := range 20 {
				n := w.Nodes()[i%2]
				[]func(*Node){(*Node).Stop, (*Node).Kill, (*Node).PowerOff}[dice.IntN(3)](n)
				w.Sleep(time.Duration(dice.IntN(int(time.Second))))
				n.Start()
				w.Sleep(time.Duration(dice.IntN(int(time.Second))))
			}
			w.UntilState(30*time.Second, ha.StateHotStandby)
		})
	}
}

// Nothing is left of a world: no file, no goroutine.
func TestNothingIsLeft(t *testing.T) {
	var file string
	o := run(t, Config{Start: keep}, func(w *World) {
		w.Start()
		file = w.Node("server1").LeaseFile()
		_, err := os.Stat(file)
		require.NoError(w.T(), err)
		w.send(Clients, "server1", 1, func() { w.Node("server1").ask(Query{Kind: Request, Addr: w.address(1)}) })
	})
	require.Empty(t, o.failures)
	_, err := os.Stat(file)
	require.ErrorIs(t, err, os.ErrNotExist)
}
