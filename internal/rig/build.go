package rig

import (
	"context"
	"os/exec"
	"path/filepath"
)

// Build compiles one of this module's programs, such as "examples/failoverd",
// and returns where it is.
func Build(s *TB, pkg string) string {
	out := filepath.Join(s.Dir, filepath.Base(pkg))
	cmd := exec.CommandContext(context.Background(), "go", "build", "-o", out, "github.com/dhcpha/dhcpha/"+pkg)
	if text, err := cmd.CombinedOutput(); err != nil {
		s.Fatalf("%v: %v\n%s", cmd, err, text)
	}
	return out
}
