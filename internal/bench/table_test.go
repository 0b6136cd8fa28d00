package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/rig"
)

func TestRows(t *testing.T) {
	t.Parallel()
	text := dhcp6.rows([]result{
		{name: "failoverd", window: 256, PerSecond: 9000, lowest: 8999.5, highest: 9100, Completed: 45000, AckP50: 1.25, AckP99: 20, cpuSeconds: 1.8},
	})
	require.Contains(t, text, "| failoverd | 9,000 | 9,000 to 9,100 | 256 | 1.2 ms | 20.0 ms | 40 µs |\n")
	require.Contains(t, text, "Request to Reply")
}

// What is measured has a place to be written to.
func TestEveryFigureHasItsPlace(t *testing.T) {
	t.Parallel()
	var files []string
	for _, name := range documents {
		text, err := os.ReadFile(filepath.Join("../..", name))
		require.NoError(t, err)
		files = append(files, filepath.Join(t.TempDir(), "copy"))
		require.NoError(t, os.WriteFile(files[len(files)-1], text, 0o644))
	}
	require.NoError(t, rig.WriteMarked(files, "bench goals", ""))
	for _, f := range figures {
		require.NoError(t, rig.WriteMarked(files, "bench "+f.name, ""))
	}
}
