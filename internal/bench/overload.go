package main

import (
	"fmt"
	"log"
	"strings"
	"time"
)

const (
	// overloaded is how many times the queries are offered that can be answered.
	overloaded = 10
	// settling is how long servers are left alone before it is seen what they
	// have kept: failoverd ends idle goroutines by and by.
	settling = 15 * time.Second
)

// flooded is what becomes of servers under more load than they can bear.
type flooded struct {
	name        string
	peak, flood result
	offered     float64 // exchanges a second
	calm, once  footprint
}

// overload measures what servers do when ten times as many exchanges are begun
// as they can complete, beside how they are after as long at their peak.
func (f family) overload(s *tb, o options) report {
	p := buildPrograms(s)
	var all []flooded
	for _, mode := range []string{"hot-standby", ""} {
		for _, k := range []kind{ours, keaTuned} {
			all = append(all, newPair(s, p, f, mode, k).overload(o))
		}
	}
	return report{text: f.overloadTable(all), goals: f.overloadGoals(all[0], all[1])}
}

func (d *pair) overload(o options) flooded {
	c := d.subject()
	z := flooded{name: c.name}
	window := o.best(d.s, d.program.load, c)
	steady := func() result { return drive(d.s, c, d.program.load, window, o.length) }

	c.start()
	z.peak = steady()
	steady()
	time.Sleep(settling)
	z.calm = d.leave()

	c.start()
	z.peak = median([]result{z.peak, steady()}, func(r result) float64 { return r.PerSecond })
	rate := int(overloaded * z.peak.PerSecond)
	var err error
	// What is not answered within a second is given up.
	z.flood, err = runLoad(d.clients, d.program.load, "-bind", d.from(), "-to", d.to(), "-rate", fmt.Sprint(rate),
		"-for", o.length.String(), "-timeout", "1s", "-tries", "1")
	if err != nil && (z.flood.Started == 0 || z.flood.Duplicates > 0) { // that nothing was completed is a result, too
		d.s.Fatal(err)
	}
	if z.flood.Completed == 0 {
		z.flood.AckP50 = float64(o.length.Milliseconds()) // no ACK in all that time
		z.flood.AckP99 = z.flood.AckP50
	}
	z.offered = float64(z.flood.Started) / o.length.Seconds()
	time.Sleep(settling)
	z.once = d.leave()
	log.Printf("%s: peak %.0f/s; %.0f/s offered: %.0f/s, 99 %% within %.1f ms; descriptors %d and %d, threads %d and %d, goroutines %d and %d, memory %.0f and %.0f MB",
		z.name, z.peak.PerSecond, z.offered, z.flood.PerSecond, z.flood.AckP99,
		z.calm.files, z.once.files, z.calm.threads, z.once.threads, z.calm.goroutines, z.once.goroutines, megabytes(z.calm.most), megabytes(z.once.most))
	return z
}

// overloadGoals are the goals of a pair of ours.
func (f family) overloadGoals(z, kea flooded) []goal {
	what := fmt.Sprintf("with %d times the peak offered to a pair (%s), ", overloaded, f.name)
	share := func(z flooded) float64 { return z.flood.PerSecond / z.peak.PerSecond }
	return []goal{
		{
			what: what + "exchanges a second, over the peak", bound: atLeast(.8, " times"), reached: share(z),
			measured: fmt.Sprintf("%s/s of %s/s; %s %s/s of %s/s, %s times", number(z.flood.PerSecond), number(z.peak.PerSecond),
				f.kea, number(kea.flood.PerSecond), number(kea.peak.PerSecond), number(share(kea))),
		},
		{
			what: what + "99 % of " + f.request + " to " + f.ack, bound: atMost(1000, " ms"), reached: z.flood.AckP99,
			measured: fmt.Sprintf("half within %s ms; %s %s ms and %s ms", number(z.flood.AckP50), f.kea, number(kea.flood.AckP50), number(kea.flood.AckP99)),
		},
		{
			what: what + "goroutines and descriptors that stay, more than after the peak", bound: atMost(10, ""), // connections of commands come and go
			reached: float64(max(z.once.goroutines-z.calm.goroutines, 0) + max(z.once.files-z.calm.files, 0)),
			measured: fmt.Sprintf("%d and %d goroutines, %d and %d threads, %d and %d descriptors; at most %s MB of memory and %s MB",
				z.calm.goroutines, z.once.goroutines, z.calm.threads, z.once.threads, z.calm.files, z.once.files,
				number(megabytes(z.calm.most)), number(megabytes(z.once.most))),
		},
	}
}

// overloadTable is a table of all, in Markdown.
func (f family) overloadTable(all []flooded) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| server | peak | offered | completed a second | share of the peak | %s to %s, half within | 99 %% within | memory at most, with the peak only and with overload | goroutines | threads | descriptors |\n", f.request, f.ack)
	b.WriteString("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n")
	for _, z := range all {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %.0f %% | %s ms | %s ms | %s and %s MB | %d and %d | %d and %d | %d and %d |\n",
			z.name, number(z.peak.PerSecond), number(z.offered), number(z.flood.PerSecond), 100*z.flood.PerSecond/z.peak.PerSecond,
			number(z.flood.AckP50), number(z.flood.AckP99), number(megabytes(z.calm.most)), number(megabytes(z.once.most)),
			z.calm.goroutines, z.once.goroutines, z.calm.threads, z.once.threads, z.calm.files, z.once.files)
	}
	fmt.Fprintf(&b, "\nExchanges are begun at %d times the rate of the peak, or as fast as the load can, whatever comes back; what is not answered within a second is given up. "+
		"Memory, goroutines, threads and descriptors are those of both servers of a pair, %.0f s after the last query.\n", overloaded, settling.Seconds())
	return b.String()
}
