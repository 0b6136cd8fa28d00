package hatest

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ha"
)

// A cut between servers, both ways or one, is noticed as the configuration says,
// and things are as before when it is over.
func TestCutBetweenServers(t *testing.T) {
	both := func(w *World) { w.CutBoth("server1", "server2") }
	for name, tt := range map[string]struct {
		cut, join func(w *World)
	}{
		"both":    {both, func(w *World) { w.JoinBoth("server1", "server2") }},
		"all":     {both, (*World).JoinAll},
		"there":   {func(w *World) { w.Cut("server1", "server2") }, func(w *World) { w.Join("server1", "server2") }},
		"back":    {func(w *World) { w.Cut("server2", "server1") }, (*World).JoinAll},
		"clients": {func(w *World) { w.CutBoth("server1", Clients) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			normal(t, ha.HotStandby, func(t *testing.T, w *World) {
				one, two := w.Node("server1"), w.Node("server2")
				tt.cut(w)
				require.Equal(t, tt.join != nil, w.apart(one, two))
				require.Equal(t, tt.join != nil, w.apart(two, one))
				if tt.join == nil {
					w.Sleep(20 * time.Second)
					require.Equal(t, ha.StateHotStandby, one.State())
					require.NoError(t, w.gives("server1", 1))
					return
				}
				w.UntilState(10*time.Second, ha.StatePartnerDown)
				require.NoError(t, w.gives("server1", 1))
				require.False(t, w.has("server2", 1))
				tt.join(w)
				require.False(t, w.apart(one, two))
				w.UntilState(20*time.Second, ha.StateHotStandby)
				w.Until("server2 has the lease", 5*time.Second, func() bool { return w.has("server2", 1) })
			})
		})
	}
}

// A server that hears nothing back goes on hearing: a cut is one way.
func TestCutIsOneWay(t *testing.T) {
	keepers(t, Config{}, func(t *testing.T, w *World) {
		w.Cut(Clients, "server1")
		w.Cut("server2", Clients)
		w.Start()
		answers := w.question(1, Query{Kind: Discover}, 1)
		require.Empty(t, w.keeper("server1").asked)
		require.Len(t, w.keeper("server2").asked, 1)
		require.Empty(t, answers)
		w.JoinAll()
		require.Len(t, w.question(1, Query{Kind: Discover}, 1), 2)
	})
}

// question has a client ask all nodes several times, a millisecond apart, and
// returns from which of them answers came, in order.
func (w *World) question(client int, q Query, times int) (from []string) {
	var mu sync.Mutex
	for range times {
		for _, n := range w.Nodes() {
			w.send(Clients, n.Name, client, func() {
				if _, ok := n.ask(q); ok {
					w.send(n.Name, Clients, client, func() {
						mu.Lock()
						defer mu.Unlock()
						from = append(from, n.Name)
					})
				}
			})
		}
		w.Sleep(time.Millisecond)
	}
	w.Sleep(time.Minute)
	return from
}

// What clients send and are sent is lost, doubled and late as is said.
func TestDatagrams(t *testing.T) {
	const times = 1000
	for name, tt := range map[string]struct {
		set      func(w *World)
		asked    float64 // share of the queries that arrive at server1
		answered float64 // share of the answers that arrive
	}{
		"good":            {func(w *World) {}, 1, 1},
		"queries lost":    {func(w *World) { w.Lose(Clients, "server1", 0.3) }, 0.7, 0.7},
		"answers lost":    {func(w *World) { w.Lose("server1", Clients, 0.3) }, 1, 0.7},
		"queries doubled": {func(w *World) { w.Duplicate(Clients, "server1", 0.2) }, 1.2, 1.2},
		"answers doubled": {func(w *World) { w.Duplicate("server1", Clients, 0.2) }, 1, 1.2},
		"not any more":    {func(w *World) { w.Lose(Clients, "server1", 0.3); w.Lose(Clients, "server1", 0) }, 1, 1},
		"servers":         {func(w *World) { w.Lose("server2", "server1", 0.3) }, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			keepers(t, Config{Seed: 3}, func(t *testing.T, w *World) {
				w.Start()
				tt.set(w)
				from := w.question(1, Query{Kind: Discover}, times)
				count := func(name string) float64 {
					return float64(len(slices.DeleteFunc(slices.Clone(from), func(s string) bool { return s != name })))
				}
				require.InDelta(t, tt.asked*times, len(w.keeper("server1").asked), about(tt.asked))
				require.InDelta(t, tt.answered*times, count("server1"), about(tt.answered))
				require.Len(t, w.keeper("server2").asked, times)
				require.EqualValues(t, times, count("server2"))
			})
		})
	}
}

// about is by how much a number out of 1000 may be off that is drawn.
func about(share float64) float64 {
	if share == 1 {
		return 0
	}
	return 50
}

// The bounds of Delay hold for datagrams, which then overtake each other, and for
// what servers send each other.
func TestDelay(t *testing.T) {
	normal(t, ha.HotStandby, func(t *testing.T, w *World) {
		const least, most = 20 * time.Millisecond, 60 * time.Millisecond
		w.Delay(Clients, "server1", least, most)
		k := w.keeper("server1")
		var order []uint32
		began := time.Since(w.trace.began)
		w.send(Clients, "server1", 1, func() { w.Node("server1").ask(Query{}) })
		w.Sleep(time.Second)
		require.GreaterOrEqual(t, k.asked[0]-began, least)
		require.LessOrEqual(t, k.asked[0]-began, most+time.Microsecond)
		var mu sync.Mutex
		for i := range uint32(100) {
			w.send(Clients, "server1", 1, func() {
				mu.Lock()
				defer mu.Unlock()
				order = append(order, i)
			})
			w.Sleep(time.Millisecond)
		}
		w.Sleep(time.Second)
		require.Len(t, order, 100)
		require.False(t, slices.IsSorted(order))

		took := func() time.Duration {
			began := time.Now()
			_ = w.gives("server1", 1) // what takes too long is given up
			return time.Since(began)
		}
		require.Less(t, took(), 5*time.Millisecond)
		w.Delay("server1", "server2", 300*time.Millisecond, 400*time.Millisecond)
		require.Greater(t, took(), 300*time.Millisecond)
		w.Delay("server1", "server2", 0, 0)
		require.Less(t, took(), 5*time.Millisecond)
		w.Lose("server1", "server2", 0.3)
		longest := time.Duration(0)
		for range 20 {
			longest = max(longest, took())
		}
		require.Greater(t, longest, 200*time.Millisecond)
	})
}
