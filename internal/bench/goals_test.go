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

func TestNumber(t *testing.T) {
	t.Parallel()
	for want, v := range map[string]float64{
		"0": 0, "0.5": .5, "0.05": .0499, "1": 1, "3.14": 3.1415, "10": 9.999, "12": 12.01, "99.9": 99.9,
		"100": 99.96, "999": 999.4, "1,000": 999.5, "1,234,567": 1234567,
	} {
		require.Equal(t, want, number(v), v)
	}
}
