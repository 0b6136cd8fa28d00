package main

import "github.com/dhcpha/dhcpha/internal/rig"

// programs are what is measured, and with what.
type programs struct {
	failoverd, load, responder string
	flags                      []string // of failoverd
}

// programs builds them, to be run as the options say.
func (o options) programs(s *tb) programs {
	p := programs{rig.Build(s, "examples/failoverd"), rig.Build(s, "internal/dhcpload"), rig.Build(s, "internal/bench/responder"), nil}
	if o.segment {
		p.flags = []string{"-segment"}
	}
	return p
}
