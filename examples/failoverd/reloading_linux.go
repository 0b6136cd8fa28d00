package main

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// reloading is what systemd is told at the begin of a reload: with the time, as
// units of Type=notify-reload want it.
func reloading() []string {
	lines := []string{"RELOADING=1"}
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) == nil {
		lines = append(lines, "MONOTONIC_USEC="+strconv.FormatInt(now.Nano()/1000, 10))
	}
	return lines
}
