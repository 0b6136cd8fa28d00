package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestDisk(t *testing.T) {
	dir := t.TempDir()
	d, err := mountDisk(dir)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	defer d.unmount()
	name := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(name, make([]byte, 1<<20), 0o600))
	require.NoError(t, d.fill())
	require.ErrorIs(t, os.WriteFile(name+"2", make([]byte, 1<<16), 0o600), unix.ENOSPC)
	require.NoError(t, d.free())
	require.NoError(t, os.WriteFile(name+"2", make([]byte, 1<<16), 0o600))
	unmountAbandoned()
	require.FileExists(t, name, "its owner is still there")
}
