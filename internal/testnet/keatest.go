package testnet

import (
	"os"
	"os/exec"
	"testing"
)

// KeaTest lets a real Kea server, kea-dhcp4 or kea-dhcp6, test a configuration
// file. It returns what the server says, and whether it accepts the file.
func KeaTest(t testing.TB, program, file string) (output string, accepted bool) {
	t.Helper()
	Require(t, program)
	cmd := exec.CommandContext(t.Context(), program, "-t", file)
	cmd.Env = append(os.Environ(), "KEA_LOCKFILE_DIR="+t.TempDir())
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}
