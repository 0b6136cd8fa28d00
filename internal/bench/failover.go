package main

import (
	"fmt"
	"log"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// failover measures how long it takes from the death of the primary to the
// first ACK of the standby for clients that keep trying, in turns.
func failover(s *tb, o options) report {
	p := o.programs(s)
	kinds := []*pair{newPair(s, p, dhcp4, "hot-standby", ours), newPair(s, p, dhcp4, "hot-standby", keaTuned)}
	for _, d := range kinds {
		d.startBoth()
	}
	silent := make([][]time.Duration, len(kinds))
	for range o.repeat {
		for i, d := range kinds {
			silent[i] = append(silent[i], d.failOver())
		}
	}
	return report{text: failoverTable(kinds, silent)}
}

// failOver kills the primary, and brings it back after the first ACK of the
// standby.
func (d *pair) failOver() time.Duration {
	// Fifty new clients a second, each of which asks ten times a second. None
	// that has asked for an offer of the dead server holds up the others.
	clients := d.startClients("-rate", "50", "-window", "10000", "-timeout", "100ms", "-for", "1m")
	defer clients.Kill()
	d.firstAck(d.family.servers[0])
	time.Sleep(rand.N(heartbeatDelay)) // at any moment between two heartbeats
	killed := time.Now()
	d.servers[0].Kill()
	silent := d.firstAck(d.family.servers[1]).Sub(killed)
	log.Printf("%s: first ACK of the standby after %.2f s", d.name, silent.Seconds())
	clients.Kill()
	d.start(0)
	d.awaitNormal()
	return silent
}

// failoverTable is what the README says, in Markdown.
func failoverTable(kinds []*pair, silent [][]time.Duration) string {
	var b strings.Builder
	b.WriteString("| pair | primary killed to first ACK of the standby, shortest | median | longest | bound |\n")
	b.WriteString("|---|---:|---:|---:|---:|\n")
	for i, d := range kinds {
		all := slices.Sorted(slices.Values(silent[i]))
		fmt.Fprintf(&b, "| %s | %.1f s | %.1f s | %.1f s | %.1f s |\n", d.name, all[0].Seconds(),
			all[len(all)/2].Seconds(), all[len(all)-1].Seconds(), (maxResponseDelay + heartbeatDelay).Seconds())
	}
	fmt.Fprintf(&b, "\nOf %d rounds each, with kill -9, hot-standby, heartbeat-delay %d, max-response-delay %d and max-unacked-clients 0.\n"+
		"The bound is max-response-delay and one heartbeat-delay.\n",
		len(silent[0]), heartbeatDelay.Milliseconds(), maxResponseDelay.Milliseconds())
	return b.String()
}
