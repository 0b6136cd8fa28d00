package main

import (
	"fmt"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// alone measures how many leases a second single servers give out.
func alone(s *tb, o options) string {
	testnet.Require(s, "ip", "kea-dhcp4")
	program, load := build(s, "examples/failoverd"), build(s, "internal/dhcpload")
	n := testnet.New(s)
	lan := n.LAN()
	server, clients := n.Host("server"), n.Host("clients")
	server.Join(lan, "eth0", serverAddr+"/24")
	clients.Join(lan, "eth0", relayAddr+"/24")
	var subjects []subject
	for _, c := range contenders {
		subjects = append(subjects, subject{c.name, serverAddr + ":67", clients, func() []*testnet.Process {
			return []*testnet.Process{c.start(s, n, server, program)}
		}})
	}
	return aloneTable(o.measure(s, load, subjects))
}

// aloneTable is what the README says, in Markdown. The first result is ours.
func aloneTable(results []result) string {
	best := results[1]
	for _, r := range results[1:] {
		if r.PerSecond > best.PerSecond {
			best = r
		}
	}
	return rows(results) +
		fmt.Sprintf("\nThat is %.1f times the rate of %s. ", results[0].PerSecond/best.PerSecond, best.name) +
		"Every lease is of a new client, from DISCOVER to ACK.\n" +
		"failoverd has each on disk (fsync) before the ACK; Kea writes its file without fsync.\n" +
		"The configuration is the same but for multi-threading and the log.\n"
}
