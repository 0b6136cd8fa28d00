package main

import (
	"github.com/dhcpha/dhcpha/internal/testnet"
)

// alone measures how many leases a second single servers give out.
func (f family) alone(s *tb, o options) report {
	p := o.programs(s)
	var subjects []subject
	for _, k := range []kind{ours, keaTuned, keaShipped} {
		subjects = append(subjects, newPair(s, p, f, "", k).subject())
	}
	results := o.measure(s, p.load, append(subjects, f.stateless(s, p)))
	g := over("exchanges a second of a single server ("+f.name+"), over a single Kea", atLeast(3.5, " times"), results[0], results[1:3])
	return report{
		goals: []goal{g},
		text:  f.rows(results) + "\n" + f.promises(false),
	}
}

// stateless is the program that answers and forgets.
func (f family) stateless(s *tb, p programs) subject {
	n := testnet.New(s)
	lan := n.LAN()
	server, clients := n.Host("server"), n.Host("clients")
	server.Join(lan, "eth0", f.servers[0]+f.length)
	server.Divide("eth0")
	clients.Join(lan, "eth0", f.relay+f.length)
	clients.Divide("eth0")
	return subject{"stateless responder", f.endpoint(f.relay), f.endpoint(f.servers[0]), clients, func() []*testnet.Process {
		return []*testnet.Process{server.Start(p.responder, f.endpoint(f.servers[0]))}
	}}
}
