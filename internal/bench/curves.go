package main

import (
	"fmt"
	"log"
	"math"
	"strings"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// offers are the exchanges a second that are asked of pairs, whatever they can
// do.
var offers = []int{250, 500, 1000, 1500, 2000, 3000, 4000, 6000, 8000, 12_000, 16_000, 20_000, 24_000, 32_000}

// curve is what a pair does as more is asked of it.
type curve struct {
	name   string
	points []result // one for each offer
}

// curves measures pairs at every load, up to more than they can bear.
func curves(s *tb, o options) report {
	p := o.programs(s)
	var all []curve
	for _, k := range []kind{ours, keaTuned, keaShipped} {
		d := newPair(s, p, dhcp4, "hot-standby", k)
		c := curve{name: d.name}
		d.subject().run(s, func([]*testnet.Process) result {
			for _, rate := range offers {
				// What is not answered within a second is lost and not sent again:
				// what is offered stays what it is.
				r, err := runLoad(d.clients, p.load, "-bind", d.from(), "-to", d.to(), "-rate", fmt.Sprint(rate),
					"-for", (o.length / 2).String(), "-timeout", "1s", "-tries", "1")
				if err != nil && (r.Started == 0 || r.Duplicates > 0) { // that nothing was completed is a result, too
					s.Fatal(err)
				}
				log.Printf("%s, %d/s offered: %.0f/s, half within %.2f ms, 99 %% within %.2f ms", d.name, rate, r.PerSecond, r.AckP50, r.AckP99)
				c.points = append(c.points, r)
			}
			return result{}
		})
		all = append(all, c)
	}
	return report{
		text: curvesTable(all) + "\nExchanges are started at the rate offered, whatever comes back; one that is not answered within a second is lost. " +
			"The latency is that of the exchanges that were completed, and plotted where they were half of them or more.\n",
		plots: map[string]string{"throughput.svg": throughputPlot(all).svg(), "latency.svg": latencyPlot(all).svg()},
	}
}

// curvesTable has a line for each load, in Markdown.
func curvesTable(all []curve) string {
	var b strings.Builder
	b.WriteString("| offered a second |")
	for _, c := range all {
		fmt.Fprintf(&b, " %s: completed | half within | 99 %% within |", c.name)
	}
	b.WriteString("\n|---:|" + strings.Repeat("---:|", 3*len(all)) + "\n")
	for i, rate := range offers {
		fmt.Fprintf(&b, "| %s |", thousands(rate))
		for _, c := range all {
			r := c.points[i]
			fmt.Fprintf(&b, " %s | %s ms | %s ms |", number(r.PerSecond), number(r.AckP50), number(r.AckP99))
		}
		b.WriteString("\n")
	}
	return b.String()
}

func throughputPlot(all []curve) plot {
	p := plot{
		title: "Leases a second over offered load, pairs in hot-standby",
		x:     axis{label: "exchanges started a second", to: float64(offers[len(offers)-1])},
		y:     axis{label: "leases a second", to: 1},
	}
	for i, c := range all {
		l := line{name: c.name, colour: i}
		for j, r := range c.points {
			l.points = append(l.points, spot{float64(offers[j]), r.PerSecond})
			p.y.to = max(p.y.to, r.PerSecond*1.05)
		}
		p.lines = append(p.lines, l)
	}
	return p
}

// latencyPlot leaves out the loads of which a pair completed less than half: the
// latency of the others is not that of its clients.
func latencyPlot(all []curve) plot {
	p := plot{
		title: "From REQUEST to ACK over offered load, pairs in hot-standby",
		x:     axis{label: "exchanges started a second", from: float64(offers[0]), to: float64(offers[len(offers)-1]), log: true},
		y:     axis{label: "milliseconds", from: math.Inf(1), to: 1000, log: true},
	}
	for _, quantile := range []struct {
		name   string
		value  func(result) float64
		dashed bool
	}{
		{"p50", func(r result) float64 { return r.AckP50 }, false},
		{"p99", func(r result) float64 { return r.AckP99 }, true},
	} {
		for i, c := range all {
			l := line{name: c.name + ", " + quantile.name, colour: i, dashed: quantile.dashed}
			for j, r := range c.points {
				if v := quantile.value(r); r.PerSecond >= float64(offers[j])/2 {
					l.points = append(l.points, spot{float64(offers[j]), v})
					p.y.from = min(p.y.from, v*.9)
				}
			}
			p.lines = append(p.lines, l)
		}
	}
	return p
}
