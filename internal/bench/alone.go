package main

import (
	"fmt"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// alone measures how many leases a second single servers give out.
func (f family) alone(s *tb, o options) report {
	testnet.Require(s, "ip", f.kea)
	program, load := build(s, "examples/failoverd"), build(s, "internal/dhcpload")
	n := testnet.New(s)
	lan := n.LAN()
	server, clients := n.Host("server"), n.Host("clients")
	server.Join(lan, "eth0", f.server+f.length)
	server.Divide("eth0")
	clients.Join(lan, "eth0", f.relay+f.length)
	var subjects []subject
	for _, c := range f.contenders() {
		subjects = append(subjects, subject{c.name, f.endpoint(f.relay), f.endpoint(f.server), clients, func() []*testnet.Process {
			return []*testnet.Process{c.start(s, n, server, program)}
		}})
	}
	return report{text: f.aloneTable(o.measure(s, load, subjects))}
}

// aloneTable is what the README says, in Markdown. The first result is ours.
func (f family) aloneTable(results []result) string {
	best := results[1]
	for _, r := range results[1:] {
		if r.PerSecond > best.PerSecond {
			best = r
		}
	}
	return f.rows(results) +
		fmt.Sprintf("\nThat is %.1f times the rate of %s. ", results[0].PerSecond/best.PerSecond, best.name) +
		"Every lease is of a new client, from " + f.discover + " to " + f.ack + ".\n" +
		"failoverd has each on disk (fsync) before the " + f.ack + "; Kea writes its file without fsync.\n" +
		"The configuration is the same but for multi-threading and the log.\n"
}
