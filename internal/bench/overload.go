package main

import (
	"fmt"
	"log"
	"strings"
	"time"
)

const (
	// overloaded is how many times the exchanges are in flight, or begun, that
	// there are at the peak.
	overloaded = 10
	// patience is after how long a client sends again what was not answered
	// (RFC 2131, section 4.1).
	patience = 4 * time.Second
	// crowding is for how long servers are overloaded at least: clients that were
	// not answered come back more than once.
	crowding = 3 * patience
	// settling is how long servers are left alone before it is seen what they
	// have kept: failoverd ends idle goroutines by and by.
	settling = 15 * time.Second
)

// flooded is what becomes of servers under more load than they can bear.
type flooded struct {
	title      string
	window     int // exchanges in flight at the peak
	peak       result
	crowd      result // with ten times as many in flight
	flood      result // with ten times as many begun as are completed at the peak
	calm, once footprint
}

// share is what is left of the peak.
func (z flooded) share(r result) float64 { return r.PerSecond / z.peak.PerSecond }

// overload measures what servers do when ten times as many exchanges are in
// flight as suit them, or are begun as they can complete, beside how they are
// after as long at their peak.
func (f family) overload(s *tb, o options) report {
	p := o.programs(s)
	var all []flooded
	for _, mode := range []string{"hot-standby", ""} {
		for _, k := range []kind{ours, keaTuned} {
			all = append(all, newPair(s, p, f, mode, k).overload(o))
		}
	}
	return report{
		text:  f.overloadTable(all),
		goals: append(f.overloadGoals("a pair", all[0], all[1]), f.overloadGoals("a single server", all[2], all[3])...),
	}
}

func (d *pair) overload(o options) flooded {
	c := d.subject()
	z := flooded{title: c.name, window: o.best(d.s, d.program.load, c)}
	length := max(o.length, crowding)
	steady := func() result { return drive(d.s, c, d.program.load, z.window, length) }

	c.start()
	z.peak = steady()
	steady()
	steady()
	time.Sleep(settling)
	z.calm = d.leave()

	c.start()
	z.peak = median([]result{z.peak, steady()}, func(r result) float64 { return r.PerSecond })
	z.crowd = d.press(length, "-window", fmt.Sprint(overloaded*z.window), "-timeout", patience.String())
	// What is not answered within a second is given up.
	z.flood = d.press(length, "-rate", fmt.Sprint(int(overloaded*z.peak.PerSecond)), "-timeout", "1s", "-tries", "1")
	time.Sleep(settling)
	z.once = d.leave()
	log.Printf("%s: peak %.0f/s with %d in flight, %d: %.0f/s, 99 %% within %.1f ms, %.0f/s begun: %.0f/s, 99 %% within %.1f ms; descriptors %d and %d, threads %d and %d, goroutines %d and %d, memory %.0f and %.0f MB",
		z.title, z.peak.PerSecond, z.window, overloaded*z.window, z.crowd.PerSecond, z.crowd.AckP99, z.flood.begun(), z.flood.PerSecond, z.flood.AckP99,
		z.calm.files, z.once.files, z.calm.threads, z.once.threads, z.calm.goroutines, z.once.goroutines, megabytes(z.calm.most), megabytes(z.once.most))
	return z
}

// press has clients ask more of the servers than they can do.
func (d *pair) press(length time.Duration, args ...string) result {
	r, err := runLoad(d.clients, d.program.load, append(args, "-bind", d.from(), "-to", d.to(), "-for", length.String())...)
	if err != nil && (r.Started == 0 || r.Duplicates > 0) { // that nothing was completed is a result, too
		d.s.Fatal(err)
	}
	if r.Completed == 0 {
		r.AckP50 = float64(length.Milliseconds()) // no ACK in all that time
		r.AckP99 = r.AckP50
	}
	r.length = length
	return r
}

// begun is how many exchanges were started a second.
func (r result) begun() float64 { return float64(r.Started) / r.length.Seconds() }

// overloadGoals are the goals of ours. They are those for exchanges in flight:
// what can be begun whatever comes back is limited by what the load leaves of the
// processors that it shares with the servers, and is shown beside.
func (f family) overloadGoals(servers string, z, kea flooded) []goal {
	what := fmt.Sprintf("%d times the exchanges in flight that suit %s (%s), ", overloaded, servers, f.name)
	of := func(z flooded, r result) string {
		return fmt.Sprintf("%s/s of %s/s", number(r.PerSecond), number(z.peak.PerSecond))
	}
	return []goal{
		{
			what: what + "exchanges a second, over the peak", bound: atLeast(.8, " times"), reached: z.share(z.crowd),
			measured: fmt.Sprintf("%s; %s %s, %s times; with %s/s begun whatever comes back %s, %s times; %s with %s/s %s, %s times",
				of(z, z.crowd), f.kea, of(kea, kea.crowd), number(kea.share(kea.crowd)),
				number(z.flood.begun()), of(z, z.flood), number(z.share(z.flood)),
				f.kea, number(kea.flood.begun()), of(kea, kea.flood), number(kea.share(kea.flood))),
		},
		{
			what: what + "99 % of " + f.request + " to " + f.ack, bound: atMost(1000, " ms"), reached: z.crowd.AckP99,
			measured: fmt.Sprintf("half within %s ms; %s %s ms and %s ms", number(z.crowd.AckP50), f.kea, number(kea.crowd.AckP50), number(kea.crowd.AckP99)),
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

// overloadTable is a table of all, in Markdown: a line for each load.
func (f family) overloadTable(all []flooded) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| server | in flight | begun a second | completed a second | share of the peak | %s to %s, half within | 99 %% within | processor time of the load |\n", f.request, f.ack)
	b.WriteString("|---|---:|---:|---:|---:|---:|---:|---:|\n")
	for _, z := range all {
		line := func(inFlight string, begun string, r result) {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %.0f %% | %s ms | %s ms | %.0f %% |\n",
				z.title, inFlight, begun, number(r.PerSecond), 100*z.share(r), number(r.AckP50), number(r.AckP99), 100*r.loadShare)
		}
		line(thousands(z.window), "", z.peak)
		line(thousands(overloaded*z.window), "", z.crowd)
		line("", number(z.flood.begun()), z.flood)
	}
	b.WriteString("\n| server | memory at most | goroutines | threads | descriptors |\n|---|---:|---:|---:|---:|\n")
	for _, z := range all {
		fmt.Fprintf(&b, "| %s | %s and %s MB | %d and %d | %d and %d | %d and %d |\n", z.title,
			number(megabytes(z.calm.most)), number(megabytes(z.once.most)),
			z.calm.goroutines, z.once.goroutines, z.calm.threads, z.once.threads, z.calm.files, z.once.files)
	}
	fmt.Fprintf(&b, "\nAt the peak so many exchanges are in flight as suit the server best; then %d times as many, of clients that send again after %.0f s what was not answered. "+
		"Last, exchanges are begun at %d times the rate of the peak, or as fast as the load can, whatever comes back, and what is not answered within a second is given up. "+
		"Of all processors' time the load takes the share that is shown, which the servers do not get. "+
		"Memory, goroutines, threads and descriptors are those of both servers of a pair, %.0f s after the last query: with the peak only, and with overload.\n",
		overloaded, patience.Seconds(), overloaded, settling.Seconds())
	return b.String()
}
