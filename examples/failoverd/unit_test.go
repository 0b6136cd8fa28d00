package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// systemd understands every line of the unit, and finds little in it that a
// service should not have.
func TestUnit(t *testing.T) {
	t.Parallel()
	testnet.Require(t, "systemd-analyze")
	text, err := os.ReadFile("failoverd@.service")
	require.NoError(t, err)
	// What it starts has to be there.
	unit := filepath.Join(t.TempDir(), "failoverd@dhcp4.service")
	text = []byte(strings.ReplaceAll(string(text), "/usr/local/sbin/failoverd", testBinary(t)))
	require.NoError(t, os.WriteFile(unit, text, 0o644))
	out, err := exec.Command("systemd-analyze", "verify", "--man=no", unit).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Empty(t, string(out))
	out, err = exec.Command("systemd-analyze", "security", "--offline=yes", "--threshold=25", unit).CombinedOutput()
	require.NoError(t, err, "%s", out)
}
