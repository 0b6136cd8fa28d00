package memnet

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// arrivedAt is a datagram that has come.
type arrivedAt struct {
	number int
	at     time.Duration
}

// sendAll has several senders send datagrams from here to there at the same
// instants, a millisecond apart, and returns those of the first that arrive.
func sendAll(t *testing.T, seed uint64, senders, count int, set func(n *Net)) []arrivedAt {
	t.Helper()
	return sendEach(t, seed, senders, count, set)[0]
}

// sendEach is sendAll, for all senders.
func sendEach(t *testing.T, seed uint64, senders, count int, set func(n *Net)) [][]arrivedAt {
	t.Helper()
	all := make([][]arrivedAt, senders)
	synctest.Test(t, func(t *testing.T) {
		n := Seeded(seed)
		set(n)
		var mu sync.Mutex
		began := time.Now()
		for i := range count {
			for s := range senders {
				n.Send(here, there, uint64(s), func() {
					mu.Lock()
					defer mu.Unlock()
					all[s] = append(all[s], arrivedAt{i, time.Since(began) - time.Duration(i)*time.Millisecond})
				})
			}
			time.Sleep(time.Millisecond)
		}
		n.Wait()
	})
	return all
}

func TestDatagrams(t *testing.T) {
	for name, tt := range map[string]struct {
		set    func(n *Net)
		arrive int // of 1000
		twice  int
	}{
		"good":       {func(n *Net) {}, 1000, 0},
		"lossy":      {func(n *Net) { n.SetLoss(here, there, 0.25) }, 750, 0},
		"lost":       {func(n *Net) { n.SetLoss(here, there, 1) }, 0, 0},
		"duplicates": {func(n *Net) { n.SetDuplicates(here, there, 0.25) }, 1250, 250},
		"stalls":     {func(n *Net) { n.Set(here, there, Stalls) }, 0, 0},
		"vanishes":   {func(n *Net) { n.Set(here, there, Vanishes) }, 0, 0},
		"cut":        {func(n *Net) { n.SetCut(true) }, 0, 0},
		"other way":  {func(n *Net) { n.Set(there, here, Stalls) }, 1000, 0},
		"joined":     {func(n *Net) { n.Set(here, there, Stalls); n.Set(here, there, Arrives) }, 1000, 0},
	} {
		t.Run(name, func(t *testing.T) {
			all := sendAll(t, 1, 1, 1000, tt.set)
			require.InDelta(t, tt.arrive, len(all), 50)
			if tt.arrive%1000 == 0 {
				require.Len(t, all, tt.arrive)
			}
			times, twice := map[int]int{}, 0
			for _, a := range all {
				if times[a.number]++; times[a.number] == 2 {
					twice++
				}
			}
			require.InDelta(t, tt.twice, twice, 50)
			require.Equal(t, tt.twice == 0, twice == 0)
		})
	}
}

// Datagrams take a time between the bounds and overtake each other; what becomes
// of those of one sender depends on the seed, and not on other senders.
func TestDatagramsOvertake(t *testing.T) {
	const least, most = 5 * time.Millisecond, 25 * time.Millisecond
	set := func(n *Net) {
		n.SetDelay(here, there, least, most)
		n.SetLoss(here, there, 0.1)
		n.SetDuplicates(here, there, 0.1)
	}
	all := sendAll(t, 1, 1, 500, set)
	first := map[int]time.Duration{}
	for _, a := range all {
		require.NotEqual(t, first[a.number], a.at, "a second copy takes its own time")
		first[a.number] = a.at
		require.GreaterOrEqual(t, a.at, least)
		require.Less(t, a.at, most+time.Microsecond)
	}
	require.False(t, slices.IsSortedFunc(all, func(a, b arrivedAt) int { return a.number - b.number }))
	require.Equal(t, all, sendAll(t, 1, 1, 500, set))
	require.Equal(t, all, sendAll(t, 1, 7, 500, set))
	require.NotEqual(t, all, sendAll(t, 2, 1, 500, set))
	each := sendEach(t, 1, 2, 500, set)
	require.NotEqual(t, each[0], each[1])
}

// Wait waits for those that are delivered, too.
func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := Seeded(1)
		began := time.Now()
		n.Send(here, there, 0, func() {
			time.Sleep(time.Second)
			n.Send(there, here, 0, func() { time.Sleep(time.Second) })
		})
		n.Wait()
		require.Equal(t, 2*time.Second, time.Since(began).Truncate(time.Millisecond))
	})
}
