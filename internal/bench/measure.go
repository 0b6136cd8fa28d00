package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

type options struct {
	windows []int
	repeat  int
	length  time.Duration
}

// result is one measurement, or the medians of several.
type result struct {
	contender
	window int
	// By second: exchanges from DISCOVER to ACK, each of a new client.
	PerSecond  float64 `json:"per_second"`
	Completed  int     `json:"completed"`
	AckP50     float64 `json:"ack_ms_p50"` // milliseconds from REQUEST to ACK
	AckP99     float64 `json:"ack_ms_p99"`
	Timeouts   int     `json:"timeouts"`
	cpuSeconds float64 // of the server, for all of them
}

// cpu is the server's processor time for an exchange, in microseconds.
func (r result) cpu() float64 { return r.cpuSeconds * 1e6 / float64(r.Completed) }

// bench is a network with a server's host and a relay agent's.
type bench struct {
	s               *tb
	net             *testnet.Net
	server, clients *testnet.Host
	failoverd, load string
}

// measure finds for each contender how many exchanges in flight suit it best,
// and then measures them in turns.
func measure(s *tb, o options) []result {
	testnet.Require(s, "ip", "kea-dhcp4")
	b := &bench{s: s, net: testnet.New(s), failoverd: build(s, "examples/failoverd"), load: build(s, "internal/dhcpload")}
	lan := b.net.LAN()
	b.server, b.clients = b.net.Host("server"), b.net.Host("clients")
	b.server.Join(lan, "eth0", serverAddr+"/24")
	b.clients.Join(lan, "eth0", relayAddr+"/24")

	best := make([]int, len(contenders))
	for i, c := range contenders {
		var rate float64
		for _, window := range o.windows {
			if r := b.one(c, window, o.length/2); r.PerSecond > rate {
				rate, best[i] = r.PerSecond, window
			}
		}
	}
	all := make([][]result, len(contenders))
	for range o.repeat {
		for i, c := range contenders {
			all[i] = append(all[i], b.one(c, best[i], o.length))
		}
	}
	medians := make([]result, len(contenders))
	for i := range all {
		slices.SortFunc(all[i], func(x, y result) int { return int(x.PerSecond - y.PerSecond) })
		medians[i] = all[i][len(all[i])/2]
	}
	return medians
}

// one is one measurement of a server that has just been started and warmed up.
func (b *bench) one(c contender, window int, length time.Duration) result {
	p := c.start(b.s, b.net, b.server, b.failoverd)
	defer p.Kill()
	b.drive(window, time.Second)
	before := b.cpuSeconds(p)
	r := b.drive(window, length)
	r.contender, r.window, r.cpuSeconds = c, window, b.cpuSeconds(p)-before
	log.Printf("%-30s %4d in flight: %6.0f/s, %5.1f µs of processor time each, %d timeouts", c.name, window, r.PerSecond, r.cpu(), r.Timeouts)
	return r
}

func (b *bench) drive(window int, length time.Duration) result {
	cmd := b.clients.Command(context.Background(), b.load, "-bind", relayAddr+":67", "-to", serverAddr+":67",
		"-window", fmt.Sprint(window), "-for", length.String())
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		b.s.Fatalf("%v: %v\n%s", cmd, err, &stderr)
	}
	var r result
	if err := json.Unmarshal(out, &r); err != nil {
		b.s.Fatalf("%v: %v\n%s", cmd, err, out)
	}
	return r
}

// cpuSeconds is the processor time that a process has used.
func (b *bench) cpuSeconds(p *testnet.Process) float64 {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID()))
	if err != nil {
		b.s.Fatal(err)
	}
	// proc(5): behind the name, which is in parentheses, utime and stime are
	// the 12th and 13th, in hundredths of a second.
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	var user, system float64
	if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
		b.s.Fatal(err)
	}
	return (user + system) / 100
}
