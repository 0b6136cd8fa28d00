package rig

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWriteMarked(t *testing.T) {
	t.Parallel()
	const begin, end = "<!-- bench alone: begin -->\n", "<!-- bench alone: end -->\n"
	dir := t.TempDir()
	files := []string{filepath.Join(dir, "a"), filepath.Join(dir, "b")}
	require.NoError(t, os.WriteFile(files[0], []byte("nothing\n"), 0o644))
	require.NoError(t, os.WriteFile(files[1], []byte("before\n"+begin+"old\n"+end+"\nafter\n"), 0o644))
	require.NoError(t, WriteMarked(files, "bench alone", "new\n"))
	text, err := os.ReadFile(files[0])
	require.NoError(t, err)
	require.Equal(t, "nothing\n", string(text))
	text, err = os.ReadFile(files[1])
	require.NoError(t, err)
	require.Equal(t, "before\n"+begin+"new\n"+end+"\nafter\n", string(text))
	require.Error(t, WriteMarked(files, "bench pairs", "new\n"))
}
