package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// full is a pair that can do n a second.
func full(name string, n float64) curve {
	c := curve{name: name}
	for _, rate := range offers {
		c.points = append(c.points, result{PerSecond: min(float64(rate), n), AckP50: 1, AckP99: float64(rate) / n})
	}
	return c
}

func TestCurves(t *testing.T) {
	t.Parallel()
	all := []curve{full("ours", 20_000), full("kea, tuned", 1_750)}
	text := curvesTable(all)
	require.Contains(t, text, "\n| 2,000 | 2,000 | 1 ms | 0.1 ms | 1,750 | 1 ms | 1.14 ms |\n")
	require.Equal(t, 2+len(offers), strings.Count(text, "\n"))

	p := throughputPlot(all)
	require.Len(t, p.lines, 2)
	require.InDelta(t, 21_000, p.y.to, 1)
	require.Equal(t, spot{2000, 1750}, p.lines[1].points[4])

	p = latencyPlot(append(all, curve{"dead", make([]result, len(offers))}))
	require.Len(t, p.lines, 6)
	require.Len(t, p.lines[1].points, 6, "up to 3,000")
	require.Empty(t, p.lines[2].points)
	require.InDelta(t, .9*250/20_000, p.y.from, 1e-9)
	require.NotContains(t, p.svg(), "NaN")
}

func TestLatency(t *testing.T) {
	t.Parallel()
	results := []result{
		{name: "ours", AckP99: 2, lowest: 1.5, highest: 2.5},
		{name: "tuned", AckP99: 5, lowest: 4, highest: 6},
		{name: "shipped", AckP99: 20, lowest: 20, highest: 20},
	}
	g := latencyGoal(results)
	require.Equal(t, .4, g.reached)
	require.Equal(t, "2 ms (1.5 to 2.5); tuned 5 ms (4 to 6), 0.4 times; shipped 20 ms (20 to 20), 0.1 times", g.measured)
	require.Contains(t, latencyTable(results), "| 2 ms | 1.5 to 2.5 ms |")
}
