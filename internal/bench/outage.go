package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"maps"
	"strings"
	"time"
)

// The outage: how long the standby is away, and how many leases are renewed
// meanwhile.
const (
	outageTime    = 10 * time.Second
	outageChanges = 500
)

// comeback is the return of a standby.
type comeback struct {
	fetched time.Duration // in which it has fetched the leases
	took    time.Duration // from its first answer to a command until both work together
	bytes   int           // between the two, from its start on
}

// outage measures how a standby comes back to a primary that has many leases:
// with none, and after an outage.
func (f family) outage(s *tb, o options) report {
	p := o.programs(s)
	kinds := []*pair{
		newPair(s, p, f, "hot-standby", ours),
		newPair(s, p, f, "hot-standby", keaTuned),
		newPair(s, p, f, "hot-standby", keaTuned, ours),
	}
	for _, d := range kinds {
		d.seed(0, o.leases)
		d.start(0)
		d.awaitStates("partner-down")
	}
	empty, away := make([][]comeback, len(kinds)), make([][]comeback, len(kinds))
	for range o.repeat {
		for i, d := range kinds {
			d.forget(1)
			empty[i] = append(empty[i], d.comeBack(o.leases, "empty"))
			left := time.Now()
			d.servers[1].Kill()
			d.awaitStates("partner-down")
			d.renew(outageChanges)
			time.Sleep(time.Until(left.Add(outageTime)))
			away[i] = append(away[i], d.comeBack(o.leases, "after an outage"))
			d.servers[1].Kill()
			d.awaitStates("partner-down")
		}
	}
	return report{text: outageTable(o, kinds, empty, away), goals: f.fetchGoals(o, empty)}
}

// renew renews the leases of some clients.
func (d *pair) renew(n int) {
	const seconds = 2
	r := loadOf(d.s, d.clients, d.program.load, append(seededClients(n), "-bind", d.from(), "-to", d.endpoint(d.family.servers[0]),
		"-rate", fmt.Sprint(n/seconds), "-for", fmt.Sprint(seconds, "s"))...)
	log.Printf("%s: %d leases renewed", d.name, r.Completed)
}

// comeBack starts the standby, which is to have n leases then.
func (d *pair) comeBack(n int, how string) comeback {
	before, began := d.exchanged(), time.Now()
	d.start(1)
	back := time.Now()
	fetched := d.awaitFetched(n)
	d.awaitNormal()
	c := comeback{fetched, time.Since(back), d.exchanged() - before}
	log.Printf("%s, %s: %.2f s to start, then %.2f s until both are %s, of which %.2f s to fetch leases, %d bytes",
		d.name, how, back.Sub(began).Seconds(), c.took.Seconds(), d.mode, c.fetched.Seconds(), c.bytes)
	d.compare()
	return c
}

// awaitFetched waits until the standby has n leases of the primary, and returns
// how long that took since it had the first, or said that it was fetching them:
// ours is sent them before it says so. A Kea answers no commands meanwhile, and
// has them when it answers again.
func (d *pair) awaitFetched(n int) time.Duration {
	sv := d.servers[1]
	const pause = 5 * time.Millisecond
	var began time.Time
	for timeout := time.Now().Add(5 * time.Minute); ; time.Sleep(pause) {
		asked := time.Now()
		ctx, cancel := context.WithDeadline(context.Background(), timeout)
		state, err := sv.state(ctx)
		has, done := 0, state != "waiting" && state != "syncing"
		if err == nil && sv.kind == ours {
			has, err = d.assigned(ctx, sv)
			done = has >= n
		}
		cancel()
		if err != nil {
			d.s.Fatalf("%s: the standby fetches leases, and has %d of %d: %v", d.title(), has, n, err)
		}
		if began.IsZero() && (has > 0 || state != "waiting") {
			began = asked
		}
		if done {
			return time.Since(began)
		}
	}
}

// assigned is how many leases a server says that it has.
func (d *pair) assigned(ctx context.Context, sv *server) (int, error) {
	var all map[string][][]any
	if err := sv.call(ctx, "statistic-get", map[string]any{"name": d.counted}, &all); err != nil {
		return 0, err
	}
	n, ok := 0.0, false
	if samples := all[d.counted]; len(samples) > 0 && len(samples[0]) > 0 {
		n, ok = samples[0][0].(float64)
	}
	if !ok {
		return 0, fmt.Errorf("%s is %v", d.counted, all)
	}
	return int(n), nil
}

// exchanged is how many bytes the servers have exchanged, with all headers.
func (d *pair) exchanged() int {
	var links []struct {
		Stats struct{ RX, TX struct{ Bytes int } } `json:"stats64"`
	}
	if err := json.Unmarshal([]byte(d.servers[0].host.IP("-s", "-j", "link", "show", "dev", "ha0")), &links); err != nil {
		d.s.Fatal(err)
	}
	return links[0].Stats.RX.Bytes + links[0].Stats.TX.Bytes
}

// compare fails if the servers have not the same leases.
func (d *pair) compare() {
	var all [2]map[string]int64
	for i, sv := range d.servers {
		all[i] = make(map[string]int64)
		for from := "start"; ; {
			var page struct {
				Leases []struct {
					Addr string `json:"ip-address"`
					CLTT int64
				}
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			err := sv.call(ctx, d.command("lease%s-get-page"), map[string]any{"from": from, "limit": 5000}, &page)
			cancel()
			if err != nil {
				d.s.Fatal(err)
			}
			if len(page.Leases) == 0 {
				break
			}
			for _, l := range page.Leases {
				all[i][l.Addr] = l.CLTT
			}
			from = page.Leases[len(page.Leases)-1].Addr
		}
	}
	if !maps.Equal(all[0], all[1]) {
		d.s.Fatalf("%s: the servers have not the same leases, %d and %d", d.name, len(all[0]), len(all[1]))
	}
}

// fetchGoals are the goals for the fetching of all leases. The results are those
// of our pair, of Kea's, and of one of ours that fetches them from a Kea.
func (f family) fetchGoals(o options, empty [][]comeback) []goal {
	var fetched []result
	for i, name := range []string{"failoverd", f.kea, "failoverd from " + f.kea} {
		rate := func(c comeback) float64 { return float64(o.leases) / c.fetched.Seconds() }
		r := result{name: name, PerSecond: rate(median(empty[i], rate))}
		r.lowest, r.highest = span(empty[i], rate)
		fetched = append(fetched, r)
	}
	what := fmt.Sprintf("full synchronisation of %s leases (%s), ", thousands(o.leases), f.name)
	return []goal{
		over(what+"over the Kea pair's rate", atLeast(20, " times"), fetched[0], fetched[1:2]),
		over(what+"from a Kea to ours, over the Kea pair's rate", atLeast(1, " times"), fetched[2], fetched[1:2]),
	}
}

// outageTable is a table of comebacks, in Markdown.
func outageTable(o options, kinds []*pair, empty, away [][]comeback) string {
	var b strings.Builder
	b.WriteString("| pair | empty standby: all leases fetched in | leases a second | until both are in normal operation | bytes | after an outage: until both are in normal operation | in heartbeats | bytes |\n")
	b.WriteString("|---|---:|---:|---:|---:|---:|---:|---:|\n")
	for i, d := range kinds {
		took := func(c comeback) float64 { return c.took.Seconds() }
		fetched := func(c comeback) float64 { return c.fetched.Seconds() }
		e, a := median(empty[i], took), median(away[i], took)
		f := fetched(median(empty[i], fetched))
		fmt.Fprintf(&b, "| %s | %.2f s | %s | %.1f s | %s | %.1f s | %.1f | %s |\n", d.name,
			f, number(float64(o.leases)/f), took(e), thousands(e.bytes), took(a), took(a)/heartbeatDelay.Seconds(), thousands(a.bytes))
	}
	fmt.Fprintf(&b, "\nThe primary of a hot-standby has %s leases; in the outage of %.0f s %d are renewed. Heartbeats are %.0f s apart. "+
		"Leases are being fetched from when the standby has the first, or says that it fetches them, until it has all. "+
		"The time until normal operation begins when the standby answers commands. The bytes, of both directions and with all headers, are those on the link between the two since its start. Medians of %d.\n",
		thousands(o.leases), outageTime.Seconds(), outageChanges, heartbeatDelay.Seconds(), len(empty[0]))
	return b.String()
}
