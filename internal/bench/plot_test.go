package main

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTicks(t *testing.T) {
	t.Parallel()
	require.Equal(t, []float64{0, 5000, 10000, 15000, 20000}, axis{to: 20000}.ticks())
	require.Equal(t, []float64{0, 2000, 4000, 6000, 8000, 10000, 12000}, axis{to: 12500}.ticks())
	require.Equal(t, []float64{0, 1, 2, 3, 4, 5, 6, 7}, axis{to: 7}.ticks())
	require.InEpsilonSlice(t, []float64{.5, 1, 2, 5, 10, 20}, axis{from: .4, to: 30, log: true}.ticks(), 1e-9)
}

func TestAxis(t *testing.T) {
	t.Parallel()
	a := axis{from: 1, to: 100, log: true}
	require.InDelta(t, 50, a.at(10, 0, 100), 1e-9)
	require.InDelta(t, 50, a.at(10, 100, 0), 1e-9)
	require.Equal(t, 100.0, a.at(1000, 0, 100), "nothing is drawn outside")
	require.Equal(t, 25.0, axis{to: 4}.at(1, 0, 100))
}

// A plot is well-formed and has each line and its name.
func TestPlot(t *testing.T) {
	t.Parallel()
	text := plot{
		title: "a < b",
		x:     axis{label: "offered", to: 10},
		y:     axis{label: "got", from: .1, to: 10, log: true},
		lines: []line{{"ours & more", 0, false, []spot{{0, .1}, {10, 10}}}, {"theirs", 1, true, []spot{{5, 1}}}},
	}.svg()
	d := xml.NewDecoder(strings.NewReader(text))
	var words []string
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		if c, ok := token.(xml.CharData); ok {
			words = append(words, string(c))
		}
	}
	require.Subset(t, words, []string{"a < b", "offered", "got", "ours & more", "theirs", "0.1", "10"})
	require.Contains(t, text, `d="M214.0 90V370" class="grid"`)
	require.Contains(t, text, `d="M82 370.0H742" class="grid"`)
	require.Contains(t, text, `d="M82.0 370.0L742.0 90.0" class="line c0"`)
	require.Contains(t, text, `d="M412.0 230.0" class="line c1 dashed"`)
}
