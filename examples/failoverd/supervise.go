package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
)

const (
	// startPatience is how long the start may take: an interface that does not come
	// must not keep the machine from starting up, nor systemd from having the
	// server's status.
	startPatience = 30 * time.Second
	// statusPause is the time between two reports of how things are.
	statusPause = 10 * time.Second
)

// supervise tells systemd, if that has started the program, that the server is
// ready, how it is, and that it lives, until ctx ends.
func (d *daemon[C]) supervise(ctx context.Context, mux *ctrl.Mux) {
	if !d.notify.wanted() {
		return
	}
	defer d.notify.tell("STOPPING=1", "STATUS=answering the last queries")
	start := time.NewTimer(startPatience)
	defer start.Stop()
	select {
	case <-d.service.ready():
	case <-start.C:
	case <-ctx.Done():
		return
	}
	pause := statusPause
	if d.notify.watchdog > 0 {
		pause = min(pause, d.notify.watchdog/2)
	}
	tick := time.NewTicker(pause)
	defer tick.Stop()
	d.notify.tell("READY=1", d.report())
	for {
		select {
		case <-tick.C:
			// A server that hangs does not come back from its own command: then
			// systemd hears no more of it, and starts it again.
			mux.Run(ctx, &ctrl.Request{Command: "status-get"})
			d.notify.tell("WATCHDOG=1", d.report())
		case <-ctx.Done():
			return
		}
	}
}

// report is the line that systemctl status shows.
func (d *daemon[C]) report() string {
	var words []string
	if err := d.service.notReady(); err != nil {
		words = append(words, "not answering everywhere: "+oneLine(err.Error()))
	}
	if d.ha == nil {
		words = append(words, fmt.Sprintf("serves DHCPv%d", d.family.version))
	} else {
		// Of each relationship the first line: this server.
		for line := range strings.Lines(d.ha.service.Load().Status().String()) {
			if line = strings.TrimRight(line, "\n"); line != "" && line[0] != ' ' {
				words = append(words, line)
			}
		}
	}
	return "STATUS=" + strings.Join(words, "; ")
}

// oneLine makes one line of several.
func oneLine(s string) string { return strings.ReplaceAll(strings.TrimSpace(s), "\n", "; ") }
