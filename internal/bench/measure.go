package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// result is one measurement, or the medians of several.
type result struct {
	name   string
	window int
	// By second: exchanges from DISCOVER to ACK, each of a new client.
	PerSecond  float64       `json:"per_second"`
	Completed  int           `json:"completed"`
	OfferP50   float64       `json:"offer_ms_p50"` // milliseconds from DISCOVER to OFFER
	OfferP99   float64       `json:"offer_ms_p99"`
	OfferP999  float64       `json:"offer_ms_p999"`
	AckP50     float64       `json:"ack_ms_p50"` // milliseconds from REQUEST to ACK
	AckP99     float64       `json:"ack_ms_p99"`
	AckP999    float64       `json:"ack_ms_p999"`
	Timeouts   int           `json:"timeouts"`
	Started    int           `json:"started"`
	Duplicates int           `json:"duplicate_addresses"`
	Seconds    float64       `json:"seconds"`
	cpuSeconds float64       // of the servers, for all of them
	loadShare  float64       // of the machine's processor time, which the load took
	length     time.Duration // in which exchanges were started, where it matters

	lowest, highest float64 // of several measurements
}

// cpu is the servers' processor time for an exchange, in microseconds.
func (r result) cpu() float64 { return r.cpuSeconds * 1e6 / float64(r.Completed) }

// subject is what is measured: start starts it, without leases, and returns the
// programs that it is.
type subject struct {
	name    string
	from    string // where its clients' relay agent is
	to      string // and where their queries go
	clients *testnet.Host
	start   func() []*testnet.Process
}

// measure finds for each subject how many exchanges in flight suit it best, and
// then measures them in turns.
func (o options) measure(s *tb, load string, subjects []subject) []result {
	best := make([]int, len(subjects))
	for i, c := range subjects {
		best[i] = o.best(s, load, c)
	}
	all := make([][]result, len(subjects))
	for range o.repeat {
		for i, c := range subjects {
			all[i] = append(all[i], c.run(s, func(servers []*testnet.Process) result {
				drive(s, c, load, best[i], time.Second)
				before := cpuSeconds(s, servers)
				r := drive(s, c, load, best[i], o.length)
				r.cpuSeconds = cpuSeconds(s, servers) - before
				log.Printf("%-45s %4d in flight: %6.0f/s, %5.1f µs of processor time each, %d timeouts", c.name, best[i], r.PerSecond, r.cpu(), r.Timeouts)
				return r
			}))
		}
	}
	medians := make([]result, len(subjects))
	for i, c := range subjects {
		rate := func(r result) float64 { return r.PerSecond }
		m := median(all[i], rate)
		m.name, m.window = c.name, best[i]
		m.lowest, m.highest = span(all[i], rate)
		medians[i] = m
	}
	return medians
}

// best is the number of exchanges in flight with which a subject is fastest.
func (o options) best(s *tb, load string, c subject) int {
	var window int
	c.run(s, func([]*testnet.Process) result {
		drive(s, c, load, o.windows[0], time.Second)
		var best result
		for _, w := range o.windows {
			if r := drive(s, c, load, w, o.length/3); r.PerSecond > best.PerSecond {
				best, window = r, w
			}
		}
		return best
	})
	return window
}

// run starts a subject for a measurement.
func (c subject) run(s *tb, measure func([]*testnet.Process) result) result {
	servers := c.start()
	defer func() {
		for _, p := range servers {
			p.Kill()
		}
	}()
	return measure(servers)
}

// span is the lowest and the highest value of several.
func span[T any](all []T, value func(T) float64) (lowest, highest float64) {
	lowest, highest = value(all[0]), value(all[0])
	for _, one := range all {
		lowest, highest = min(lowest, value(one)), max(highest, value(one))
	}
	return lowest, highest
}

// median returns the one of several in whose middle a value is.
func median[T any](all []T, value func(T) float64) T {
	sorted := slices.SortedFunc(slices.Values(all), func(x, y T) int { return cmp.Compare(value(x), value(y)) })
	return sorted[len(sorted)/2]
}

// drive has clients get leases from servers that have been started.
func drive(s *tb, c subject, load string, window int, length time.Duration) result {
	return loadOf(s, c.clients, load, "-bind", c.from, "-to", c.to, "-window", fmt.Sprint(window), "-for", length.String())
}

// loadOf runs dhcpload, with which something must be completed, to its end.
func loadOf(s *tb, clients *testnet.Host, load string, args ...string) result {
	r, err := runLoad(clients, load, args...)
	if err != nil {
		s.Fatal(err)
	}
	return r
}

// runLoad runs dhcpload to its end. Its messages are handed to the system in
// trains, which the servers' links divide. The result is empty if there is none.
func runLoad(clients *testnet.Host, load string, args ...string) (r result, err error) {
	cmd := clients.Command(context.Background(), load, append(args, "-batch", "16")...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%v: %w\n%s", cmd, err, &stderr)
	}
	if e := json.Unmarshal(out, &r); e != nil {
		return result{}, cmp.Or(err, fmt.Errorf("%v: %w\n%s", cmd, e, out))
	}
	used := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	r.loadShare = used.Seconds() / (r.Seconds * float64(runtime.NumCPU()))
	return r, err
}

// cpuSeconds is the processor time that processes have used.
func cpuSeconds(s *tb, processes []*testnet.Process) (sum float64) {
	for _, p := range processes {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID()))
		if err != nil {
			s.Fatal(err)
		}
		// proc(5): behind the name, which is in parentheses, utime and stime are
		// the 12th and 13th, in hundredths of a second.
		_, rest, _ := strings.Cut(string(stat), ") ")
		fields := strings.Fields(rest)
		var user, system float64
		if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
			s.Fatal(err)
		}
		sum += (user + system) / 100
	}
	return sum
}
