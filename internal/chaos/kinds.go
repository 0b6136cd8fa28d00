package main

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// kind is a way in which things go wrong.
type kind struct {
	name, about string
	least, most time.Duration
	splits      bool // it keeps the servers from each other while both may run
	// inject does it, and returns what ends it.
	inject func(p *pair, f fault) (heal func())
}

// kinds are all that there are here.
func kinds() []kind {
	all := []kind{
		{"kill", "a server is killed (kill -9) and started again", time.Second / 2, 10 * time.Second, false, kill},
		{"both", "both are killed at once and started again", time.Second / 4, 4 * time.Second, false, killBoth},
		{"stop", "a server is stopped (SIGSTOP) and goes on (SIGCONT)", time.Second / 2, 10 * time.Second, false, stop},
		{"drop", "the servers do not reach each other: packets vanish", time.Second, 12 * time.Second, true, cutDrop},
		{"reject", "the servers do not reach each other: connections are reset", time.Second, 12 * time.Second, true, cutReject},
		{"one-way", "nothing of its partner reaches a server", time.Second, 12 * time.Second, true, cutOneWay},
		{"deaf", "nothing of clients reaches a server", time.Second, 6 * time.Second, false, deafen},
		{"mute", "nothing of a server reaches clients", time.Second, 6 * time.Second, false, mute},
		{"loss", "10 to 40 % of all frames between the servers are lost", 2 * time.Second, 10 * time.Second, false, lose},
		{"delay", "frames between the servers take up to 0.5 s", 2 * time.Second, 10 * time.Second, false, delay},
		{"client-loss", "10 to 40 % of all packets between servers and clients are lost", 2 * time.Second, 8 * time.Second, false, loseClients},
		{"disk", "the disk of a server is full", 2 * time.Second, 10 * time.Second, false, fillDisk},
	}
	if clocksCanBeSet {
		all = append(all, kind{"clock", "the clock of a server is up to 90 s off", 2 * time.Second, 10 * time.Second, false, setClock})
	}
	return all
}

// kill does it as a power cut would that spares what the system was given.
func kill(p *pair, f fault) func() {
	p.kill(f.server)
	return func() {
		p.launch(f.server)
		p.awaitAnswer(f.server)
	}
}

func killBoth(p *pair, f fault) func() {
	p.kill(f.server, 1-f.server)
	return func() {
		p.launch(f.server)
		p.launch(1 - f.server)
		p.awaitAnswer(0)
		p.awaitAnswer(1)
	}
}

func stop(p *pair, f fault) func() {
	sv := p.servers[f.server]
	sv.Signal("STOP")
	return func() { sv.Signal("CONT") }
}

// input is a chain that drops some of what comes to a host.
func input(rule string) string {
	return fmt.Sprintf("chain in { type filter hook input priority 0; %s drop; }", rule)
}

func cutDrop(p *pair, _ fault) func() {
	return p.filter(
		filter{p.servers[0].host, input("ip saddr " + partnerAddrs[1])},
		filter{p.servers[1].host, input("ip saddr " + partnerAddrs[0])})
}

func cutReject(p *pair, _ fault) func() {
	return p.servers[0].host.Sever(netip.MustParseAddr(partnerAddrs[1]), testnet.Rejected)
}

func cutOneWay(p *pair, f fault) func() {
	return p.filter(filter{p.servers[f.server].host, input("ip saddr " + partnerAddrs[1-f.server])})
}

func deafen(p *pair, f fault) func() {
	return p.filter(filter{p.servers[f.server].host, input(p.protocol + " saddr " + p.relay)})
}

func mute(p *pair, f fault) func() {
	return p.filter(filter{p.clients, input(p.protocol + " saddr " + p.addrs[f.server])})
}

// share is how much is lost, in a hundred.
func (f fault) share() int { return 10 + int(30*f.extent) }

func lose(p *pair, f fault) func() {
	p.wire.Lose(float64(f.share()) / 100)
	return func() { p.wire.Lose(0) }
}

func delay(p *pair, f fault) func() {
	p.wire.Delay(10*time.Millisecond, 20*time.Millisecond+time.Duration(f.extent*float64(480*time.Millisecond)))
	return func() { p.wire.Delay(0, 0) }
}

func loseClients(p *pair, f fault) func() {
	rule := input(fmt.Sprintf("udp dport %s numgen random mod 100 < %d", p.port, f.share()))
	return p.filter(filter{p.servers[0].host, rule}, filter{p.servers[1].host, rule}, filter{p.clients, rule})
}

func fillDisk(p *pair, f fault) func() {
	disk := p.servers[f.server].disk
	p.must(disk.fill())
	return func() { p.must(disk.free()) }
}

func setClock(p *pair, f fault) func() {
	off := time.Duration((2*f.extent - 1) * float64(90*time.Second)).Round(time.Second)
	sv := p.servers[f.server]
	// From now on, and for what was promised before: see the doc of the command.
	// The servers take the difference of their clocks into account to a second.
	p.book.allow(off.Abs() + time.Second)
	c, err := openClock(sv.PID())
	p.must(err)
	p.must(c.set(off))
	return func() {
		defer c.close()
		if err := c.set(0); err != nil && !sv.gone() {
			p.must(err)
		}
	}
}
