package main

import (
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// sized is a single server, or a pair, with a number of leases.
type sized struct {
	pair    *pair
	leases  int
	serving time.Duration // of a single server: from its start to its first ACK
	// Of each server, once it has started, once the standby has all leases, and
	// after the load.
	started, fetched, loaded []memory
	// Clients that have a lease, and new ones.
	returning, fresh result
}

// few is the number of leases that many are compared with.
const few = 1000

// size measures what the number of leases costs: memory, time to start, and
// processor time for an exchange.
func (f family) size(s *tb, o options) report {
	p := o.programs(s)
	var all [][2]sized // with few and with many leases
	for _, mode := range []string{"", "hot-standby"} {
		for _, k := range []kind{ours, keaTuned} {
			d := newPair(s, p, f, mode, k)
			all = append(all, [2]sized{d.measureSize(o, few), d.measureSize(o, o.many)})
		}
	}
	return report{text: f.sizeTable(all), goals: f.sizeGoals(all)}
}

// measureSize has a server start with n leases, and its standby fetch them.
func (d *pair) measureSize(o options, n int) sized {
	z := sized{pair: d, leases: n}
	for i := range d.servers {
		d.forget(i)
	}
	d.seed(0, n)
	if d.mode == "" {
		var all []time.Duration
		for range o.repeat {
			all = append(all, d.measureStart())
			if len(all) < o.repeat {
				d.servers[0].Kill()
			}
		}
		z.serving = median(all, time.Duration.Seconds)
	} else {
		d.start(0)
		d.awaitStates("partner-down")
	}
	z.started = d.memory(1)
	if d.mode != "" {
		d.start(1)
		d.awaitNormal()
		z.fetched = d.memory(2)
	}
	z.returning = d.median(o, seededClients(n)...)
	z.fresh = d.median(o)
	z.loaded = d.memory(len(d.servers))
	for _, sv := range d.servers {
		sv.Kill()
	}
	log.Printf("%s, %d leases: serving after %.2f s; %s of memory at the start, %s fetched, %s after load; %.1f µs for an exchange of a returning client, %.1f µs for one of a new client",
		d.title(), n, z.serving.Seconds(), mb(z.started), mb(z.fetched), mb(z.loaded), z.returning.cpu(), z.fresh.cpu())
	return z
}

// measureStart starts a single server, and returns when its first client has a
// lease.
func (d *pair) measureStart() time.Duration {
	clients := d.startClients("-window", "1", "-timeout", "20ms", "-for", "10m")
	defer clients.Kill()
	began := time.Now()
	d.start(0)
	return d.firstAck(d.family.servers[0]).Sub(began)
}

// median drives servers that run, and returns the one in the middle by the
// processor time of an exchange.
func (d *pair) median(o options, clients ...string) result {
	var processes []*testnet.Process
	for _, sv := range d.servers {
		processes = append(processes, sv.Process)
	}
	var all []result
	for i := range 1 + o.repeat {
		length := o.length
		if i == 0 {
			length = time.Second
		}
		before := cpuSeconds(d.s, processes)
		r := loadOf(d.s, d.clients, d.program.load, append(clients, "-bind", d.from(), "-to", d.to(),
			"-window", "256", "-for", length.String())...)
		r.cpuSeconds = cpuSeconds(d.s, processes) - before
		if i > 0 { // the first has warmed up
			all = append(all, r)
		}
	}
	return median(all, result.cpu)
}

// memory is that of the first n servers.
func (d *pair) memory(n int) (all []memory) {
	for _, sv := range d.servers[:n] {
		all = append(all, memoryOf(d.s, sv.Process))
	}
	return all
}

// mb is what is resident at each server, in megabytes.
func mb(all []memory) string {
	var text []string
	for _, m := range all {
		text = append(text, number(megabytes(m.resident)))
	}
	if text == nil {
		return "–"
	}
	return strings.Join(text, " and ") + " MB"
}

// sizeGoals are the goals of ours; the results are those of our single server,
// Kea's, our pair and Kea's.
func (f family) sizeGoals(all [][2]sized) []goal {
	single, pair, keaPair := all[0][1], all[2][1], all[3][1]
	what := fmt.Sprintf(" with %s leases (%s)", thousands(single.leases), f.name)
	most := func(z sized) (n int) {
		for _, m := range z.loaded {
			n = max(n, m.most)
		}
		return n
	}
	file := 0
	for _, m := range pair.loaded {
		file = max(file, m.file)
	}
	memory := goal{
		what: "memory of a server with HA" + what, bound: atMost(600, " MB"), reached: megabytes(most(pair)),
		measured: fmt.Sprintf("the most that was resident at either server; after the start %s, after the synchronisation %s, after load %s, with up to %s MB of the lease file; %s %s MB",
			mb(pair.started), mb(pair.fetched), mb(pair.loaded), number(megabytes(file)), f.kea, number(megabytes(most(keaPair)))),
	}
	serving := goal{
		what: "start" + what + " to the first " + f.ack, bound: atMost(5, " s"), reached: single.serving.Seconds(),
		measured: fmt.Sprintf("%s %s s", f.kea, number(all[1][1].serving.Seconds())),
	}
	goals := []goal{memory, serving}
	for i, name := range []string{"a single server", "", "a pair", ""} {
		if name == "" {
			continue // Kea's
		}
		small, large := all[i][0], all[i][1]
		returning, fresh := large.returning.cpu()/small.returning.cpu(), large.fresh.cpu()/small.fresh.cpu()
		kea := max(all[i+1][1].returning.cpu()/all[i+1][0].returning.cpu(), all[i+1][1].fresh.cpu()/all[i+1][0].fresh.cpu())
		goals = append(goals, goal{
			what:  "processor time for an exchange of " + name + what + ", over that with " + thousands(few),
			bound: atMost(1.3, " times"), reached: max(returning, fresh),
			measured: fmt.Sprintf("returning clients %.1f µs and %.1f µs, %s times; new clients %.1f µs and %.1f µs, %s times; %s %s times",
				small.returning.cpu(), large.returning.cpu(), number(returning), small.fresh.cpu(), large.fresh.cpu(), number(fresh), f.kea, number(kea)),
		})
	}
	return goals
}

// sizeTable is a table of all, in Markdown.
func (f family) sizeTable(all [][2]sized) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| server | leases | start to first %s | memory then | when the standby has all | after load | at most | "+
		"returning clients a second | processor time each | new clients a second | processor time each |\n", f.ack)
	b.WriteString("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n")
	for _, both := range all {
		for _, z := range both {
			serving := "–"
			if z.serving > 0 {
				serving = fmt.Sprintf("%.2f s", z.serving.Seconds())
			}
			var most []string
			for _, m := range z.loaded {
				most = append(most, number(megabytes(m.most)))
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s MB | %s | %.1f µs | %s | %.1f µs |\n",
				z.pair.title(), thousands(z.leases), serving, mb(z.started), mb(z.fetched), mb(z.loaded), strings.Join(most, " and "),
				number(z.returning.PerSecond), z.returning.cpu(), number(z.fresh.PerSecond), z.fresh.cpu())
		}
	}
	fmt.Fprintf(&b, "\nEach lease has a hardware address and a client identifier, every other one a host name. Memory is what is resident, "+
		"parts of files that the system may take back included; of a pair that of the primary and of the standby. "+
		"The load is of returning clients first, each of which goes from %s to %s for the lease that it has, then of new ones, whose leases come on top.\n",
		f.discover, f.ack)
	return b.String()
}
