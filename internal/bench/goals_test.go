package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGoalsTable(t *testing.T) {
	t.Parallel()
	text := goalsTable([]goal{
		{"rate", atLeast(6, " times"), 8.04, "16,000/s and 1,990/s"},
		{"rate, badly", atLeast(6, " times"), 5.96, ""},
		{"memory", atMost(600, " MB"), 600, ""},
		{"start", atMost(5, " s"), 12.34, ""},
	})
	require.Contains(t, text, "| rate | ≥ 6 times | 8.04 times | met | 16,000/s and 1,990/s |\n")
	require.Contains(t, text, "| rate, badly | ≥ 6 times | 5.96 times | **missed** |  |\n")
	require.Contains(t, text, "| memory | ≤ 600 MB | 600 MB | met |  |\n")
	require.Contains(t, text, "| start | ≤ 5 s | 12.3 s | **missed** |  |\n")
}

// What was not measured again keeps its line.
func TestMergeGoals(t *testing.T) {
	t.Parallel()
	had := goalsTable([]goal{{"rate", atLeast(6, ""), 8, "old"}, {"memory", atMost(600, ""), 500, "old"}}) + "\nNotes of old.\n"
	newer := goalsTable([]goal{{"memory", atMost(600, ""), 700, "new"}, {"start", atMost(5, ""), 1, "new"}})
	require.Equal(t, goalsTable([]goal{
		{"rate", atLeast(6, ""), 8, "old"}, {"memory", atMost(600, ""), 700, "new"}, {"start", atMost(5, ""), 1, "new"},
	}), mergeGoals(had, newer))
	require.Equal(t, newer, mergeGoals("", newer))
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for want, v := range map[string]float64{
		"0": 0, "0.5": .5, "0.05": .0499, "1": 1, "3.14": 3.1415, "10": 9.999, "12": 12.01, "99.9": 99.9,
		"100": 99.96, "999": 999.4, "1,000": 999.5, "1,234,567": 1234567,
	} {
		require.Equal(t, want, number(v), v)
	}
}

// Of several ways of running Kea the best one counts.
func TestOver(t *testing.T) {
	t.Parallel()
	g := over("rate", atLeast(6, " times"), result{PerSecond: 1000, lowest: 900, highest: 1100}, []result{
		{name: "slow", PerSecond: 100, lowest: 90, highest: 101},
		{name: "quick", PerSecond: 200, lowest: 200, highest: 201},
	})
	require.Equal(t, 5.0, g.reached)
	require.False(t, g.bound.met(g.reached))
	require.Equal(t, "1,000/s (900 to 1,100); slow 100/s (90 to 101), 10 times; quick 200/s (200 to 201), 5 times", g.measured)
}

func TestPairGoals(t *testing.T) {
	t.Parallel()
	var results []result
	for _, rate := range []float64{600, 100, 50, 800, 100, 200, 130, 1200} {
		results = append(results, result{PerSecond: rate})
	}
	var reached []float64
	for _, g := range dhcp4.pairGoals(results, []string{"hot-standby", "load-balancing"}) {
		reached = append(reached, g.reached)
	}
	require.Equal(t, []float64{6, 4, .5, 1.3}, reached)
	require.Len(t, dhcp6.pairGoals(append(results[:3:3], results[6:]...), []string{"hot-standby"}), 1)
}
