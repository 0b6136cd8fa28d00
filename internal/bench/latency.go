package main

import (
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// latencyRate is the load, in exchanges a second, at which latency is compared:
// what all pairs can bear.
const latencyRate = 1000

// latency measures in turns how long pairs take from REQUEST to ACK.
func latency(s *tb, o options) report {
	p := o.programs(s)
	var pairs []*pair
	for _, k := range []kind{ours, keaTuned, keaShipped} {
		pairs = append(pairs, newPair(s, p, dhcp4, "hot-standby", k))
	}
	all := make([][]result, len(pairs))
	for range o.repeat {
		for i, d := range pairs {
			all[i] = append(all[i], d.subject().run(s, func([]*testnet.Process) result {
				drive(s, d.subject(), p.load, o.windows[0], time.Second)
				r := loadOf(s, d.clients, p.load, "-bind", d.from(), "-to", d.to(), "-rate", fmt.Sprint(latencyRate), "-for", o.length.String())
				log.Printf("%s, %d/s: half within %.2f ms, 99 %% within %.2f ms", d.name, latencyRate, r.AckP50, r.AckP99)
				return r
			}))
		}
	}
	p99 := func(r result) float64 { return r.AckP99 }
	var results []result
	for i, d := range pairs {
		m := median(all[i], p99)
		m.name = d.title()
		m.lowest, m.highest = span(all[i], p99)
		results = append(results, m)
	}
	return report{text: latencyTable(results), goals: []goal{latencyGoal(results)}}
}

// latencyTable is the result in Markdown.
func latencyTable(results []result) string {
	var b strings.Builder
	b.WriteString("| pair | DISCOVER to OFFER, half within | 99 % within | 99.9 % within | REQUEST to ACK, half within | 99 % within | lowest to highest | 99.9 % within |\n")
	b.WriteString("|---|---:|---:|---:|---:|---:|---:|---:|\n")
	for _, r := range results {
		fmt.Fprintf(&b, "| %s | %s ms | %s ms | %s ms | %s ms | %s ms | %s to %s ms | %s ms |\n", r.name,
			number(r.OfferP50), number(r.OfferP99), number(r.OfferP999),
			number(r.AckP50), number(r.AckP99), number(r.lowest), number(r.highest), number(r.AckP999))
	}
	fmt.Fprintf(&b, "\n%s exchanges are started a second, whatever comes back, and times count from when a message should have been sent.\n", thousands(latencyRate))
	return b.String()
}

// latencyGoal compares ours, the first, with the better one of Kea's.
func latencyGoal(results []result) goal {
	of := func(r result) string {
		return fmt.Sprintf("%s ms (%s to %s)", number(r.AckP99), number(r.lowest), number(r.highest))
	}
	g := goal{
		what:     fmt.Sprintf("99 %% of REQUEST to ACK at %s exchanges a second, of a pair in hot-standby, over the Kea pair", thousands(latencyRate)),
		bound:    atMost(.5, " times"),
		measured: of(results[0]),
	}
	for _, r := range results[1:] {
		ratio := results[0].AckP99 / r.AckP99
		g.reached = max(g.reached, ratio)
		g.measured += fmt.Sprintf("; %s %s, %s times", r.name, of(r), number(ratio))
	}
	return g
}
