package main

import (
	"context"
	"os/exec"
	"path/filepath"
)

// programs are what is measured, and with what.
type programs struct {
	failoverd, load, responder string
	flags                      []string // of failoverd
}

// programs builds them, to be run as the options say.
func (o options) programs(s *tb) programs {
	p := programs{build(s, "examples/failoverd"), build(s, "internal/dhcpload"), build(s, "internal/bench/responder"), nil}
	if o.segment {
		p.flags = []string{"-segment"}
	}
	return p
}

// build compiles one of this module's programs.
func build(s *tb, pkg string) string {
	out := filepath.Join(s.dir, filepath.Base(pkg))
	cmd := exec.CommandContext(context.Background(), "go", "build", "-o", out, "github.com/dhcpha/dhcpha/"+pkg)
	if text, err := cmd.CombinedOutput(); err != nil {
		s.Fatalf("%v: %v\n%s", cmd, err, text)
	}
	return out
}
