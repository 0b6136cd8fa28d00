package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// startClients has dhcpload note what clients are acknowledged, for firstAck.
func (d *pair) startClients(flags ...string) *testnet.Process {
	if err := os.RemoveAll(d.ackLog()); err != nil {
		d.s.Fatal(err)
	}
	return d.clients.Start(d.program.load, append(flags, "-bind", d.from(), "-to", d.to(), "-acks", d.ackLog())...)
}

func (d *pair) ackLog() string { return filepath.Join(d.net.Dir(), "acks") }

// firstAck waits until a server has acknowledged a lease since
// startClients, and returns when it did.
func (d *pair) firstAck(server string) (at time.Time) {
	d.await("ACK of "+server, func(context.Context) error {
		text, _ := os.ReadFile(d.ackLog())
		for line := range strings.Lines(string(text)) {
			var ms int64
			var client, addr, from string
			if _, err := fmt.Sscan(line, &ms, &client, &addr, &from); err == nil && from == server {
				at = time.UnixMilli(ms)
				return nil
			}
		}
		return errors.New("there is none yet")
	})
	return at
}
