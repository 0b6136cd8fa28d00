package hatest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/ha"
)

// The primary of a pair is killed while 50 clients renew: none of them loses its
// address, those that come are served as soon as the other server has noticed,
// and in the end both have all leases.
func TestPrimaryIsKilledWhileClientsRenew(t *testing.T) {
	// When the other server has taken over: it has heard nothing for as long as
	// Pair says, which it finds out with its next heartbeat.
	const takeover = 6 * time.Second
	inEachKind(t, ctrl.Subnet{ValidLft: 600}, func(w *World) {
		t := w.T()
		clients := w.Crowd(50)
		w.UntilServed(time.Minute, clients...)
		began := w.Report()
		require.Less(t, began.Longest, 2*time.Second)
		addrs := map[*Client]string{}
		for _, c := range clients {
			addrs[c] = c.Addr().String()
		}

		// They have begun within ten seconds, or one in DHCPv6, and renew after
		// half of the time: some of them have done so, some are about to.
		w.Until("clients renew", 10*time.Minute, func() bool { return w.Report().Acks > began.Acks+10 })
		w.Node("server1").Kill()
		late := w.Client(50)
		late.Return()
		for range 60 {
			w.Sleep(10 * time.Second)
			for _, c := range clients {
				require.Equal(t, addrs[c], c.Addr().String(), "%v", c)
			}
		}
		w.UntilServed(0, w.Crowd(51)...)
		r := w.Report()
		require.Less(t, r.Longest, takeover+9*time.Second, "and the next try of a client that has tried in vain")
		// Who had begun to renew asks the dead server until T2.
		t2 := 225 * time.Second
		if w.cfg.Family == ctrl.V6 {
			t2 = 180 * time.Second
		}
		require.Less(t, r.Unanswered, t2+3*time.Second)
		require.Zero(t, r.Lost+r.Twice+r.Split)
		require.Greater(t, r.Acks, 120)

		w.Node("server1").Start()
		w.Settle(time.Minute)
		require.GreaterOrEqual(t, w.Report().Checked, r.Checked+2*51)
		for _, n := range w.Nodes() {
			require.Len(t, leases(n), 51)
		}
	})
}

// A run is the same each time, whatever else the machine does.
func TestRunIsRepeated(t *testing.T) {
	for _, family := range []ctrl.Family{ctrl.V4, ctrl.V6} {
		t.Run(fmt.Sprint("DHCPv", family), func(t *testing.T) {
			var traces []string
			for range 2 {
				o := run(t, Config{Seed: 3, Family: family}, func(w *World) {
					w.Lose(Clients, "server1", 0.2)
					w.Duplicate("server1", Clients, 0.2)
					w.Start()
					clients := w.Crowd(10)
					w.UntilServed(time.Minute, clients...)
					w.Node("server1").Kill()
					w.Sleep(5 * time.Minute)
					clients[3].Decline()
					clients[4].Reboot()
					w.Node("server1").Start()
					w.UntilState(time.Minute, ha.StateHotStandby)
					w.Sleep(5 * time.Minute)
				})
				require.Empty(t, o.failures)
				traces = append(traces, o.trace.String())
			}
			require.Equal(t, traces[0], traces[1])
		})
	}
}
