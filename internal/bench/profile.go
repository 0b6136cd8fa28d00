package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"log"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// profileRate is how many samples a second are taken of a core.
const profileRate = 997

// profile says where the time of an exchange goes in a pair of ours that has
// more to do than it can.
func profile(s *tb, o options) report {
	testnet.Require(s, "perf")
	p := o.programs(s)
	d := newPair(s, p, dhcp4, "hot-standby", ours)
	window := o.best(s, p.load, d.subject())
	data := filepath.Join(s.Dir, "perf.data")
	r := d.subject().run(s, func([]*testnet.Process) result {
		drive(s, d.subject(), p.load, window, o.length/3)
		perf := exec.CommandContext(context.Background(), "perf", "record", "-q", "-a", "-g", "-e", "cpu-clock",
			"-F", fmt.Sprint(profileRate), "-o", data, "--", "sleep", fmt.Sprint(o.length.Seconds()))
		if err := perf.Start(); err != nil {
			s.Fatal(err)
		}
		r := drive(s, d.subject(), p.load, window, o.length)
		if err := perf.Wait(); err != nil {
			s.Fatal(err)
		}
		return r
	})
	log.Printf("%s: %.0f/s", d.title(), r.PerSecond)
	script := exec.CommandContext(context.Background(), "perf", "script", "-i", data, "-F", "comm,pid,ip,sym")
	out, err := script.StdoutPipe()
	if err != nil {
		s.Fatal(err)
	}
	if err := script.Start(); err != nil {
		s.Fatal(err)
	}
	names := map[int]string{0: "idle", d.servers[0].PID(): "primary", d.servers[1].PID(): "standby"}
	c, err := readSamples(out, func(comm string, pid int) string {
		if comm == "dhcpload" {
			return "load"
		}
		return cmp.Or(names[pid], "others")
	})
	if err = cmp.Or(err, script.Wait()); err != nil {
		s.Fatal(err)
	}
	return report{text: c.table(1e6/profileRate/float64(r.Completed)) +
		fmt.Sprintf("\nMicroseconds of processor time for an exchange, of a pair in hot-standby with %s exchanges a second, %d in flight.\n", number(r.PerSecond), window)}
}

// stage is a part of the work: what calls a function with such a name.
type stage struct {
	name      string
	functions []string // beginnings
}

// module is the beginning of the names of our functions.
const module = "github.com/dhcpha/dhcpha/"

// stages are looked for from the innermost function of a sample outwards. The
// first that matches counts, so that memory which a stage allocates is its own.
var stages = []stage{
	{"receiving datagrams: recvmmsg", []string{"__x64_sys_recvmmsg", "__arm64_sys_recvmmsg"}},
	{"sending datagrams: sendmmsg, sendmsg", []string{"__x64_sys_sendmmsg", "__arm64_sys_sendmmsg", "__x64_sys_sendmsg", "__arm64_sys_sendmsg"}},
	{"disk: writing and fsync", []string{"ext4_", "xfs_", "btrfs_", "do_fsync", "__x64_sys_fdatasync", "__x64_sys_fsync", "__x64_sys_pwrite64", "os.(*File).Sync", "syscall.Fdatasync"}},
	{"between the servers: TCP", []string{"tcp_", "inet_sendmsg", "sock_write_iter", "sock_read_iter"}},
	{"waiting and waking: epoll, futex, scheduler", []string{"__x64_sys_epoll", "__x64_sys_futex", "__x64_sys_nanosleep", "runtime.schedule", "runtime.findRunnable",
		"runtime.mcall", "runtime.park_m", "runtime.ready", "runtime.goready", "runtime.wakep", "runtime.netpoll", "runtime.sysmon", "runtime.notewakeup", "runtime.futex", "runtime.selectgo", "runtime.newproc"}},
	{"garbage collection", []string{"runtime.gcBgMarkWorker", "runtime.gcAssistAlloc", "runtime.bgsweep", "runtime.bgscavenge", "runtime.gcStart"}},
	{"stacks growing", []string{"runtime.newstack", "runtime.morestack", "runtime.copystack"}},
	{"disk: bbolt", []string{"go.etcd.io/bbolt"}},
	{"leases: package lease", []string{module + "lease"}},
	{"between the servers: HTTP and JSON", []string{"net/http", "encoding/json", module + "ctrl"}},
	{"high availability: package ha", []string{module + "ha"}},
	{"engine: packages dhcp4, engine, option, class", []string{module + "dhcp4", module + "internal/engine", module + "internal/option", module + "internal/class", "github.com/insomniacslk/dhcp"}},
	{"sockets: package serve", []string{module + "internal/serve"}},
}

const otherStage = "other"

// costs counts samples by stage and by who was at work.
type costs map[string]map[string]int

// readSamples reads what perf script prints. who names a process.
func readSamples(from io.Reader, who func(comm string, pid int) string) (costs, error) {
	c := make(costs)
	var name, found string
	add := func() {
		if name == "" {
			return
		}
		at := cmp.Or(found, otherStage)
		if c[at] == nil {
			c[at] = make(map[string]int)
		}
		c[at][name]++
		name, found = "", ""
	}
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		switch fields := strings.Fields(line); {
		case len(fields) == 0:
			add()
		case line[0] != '\t' && line[0] != ' ': // the name may have spaces
			pid, err := strconv.Atoi(fields[len(fields)-1])
			if err != nil {
				return nil, fmt.Errorf("perf script: %q", line)
			}
			name = who(strings.Join(fields[:len(fields)-1], " "), pid)
		case found == "" && len(fields) > 1:
			found = stageOf(strings.Join(fields[1:], " "))
		}
	}
	add()
	return c, lines.Err()
}

// stageOf is the stage that a function begins, if it does.
func stageOf(function string) string {
	for _, s := range stages {
		for _, begin := range s.functions {
			if strings.HasPrefix(function, begin) {
				return s.name
			}
		}
	}
	return ""
}

// table is in Markdown. A sample stands for so many microseconds of an exchange.
func (c costs) table(each float64) string {
	all := make(map[string]int)
	for _, by := range c {
		for who, n := range by {
			all[who] += n
		}
	}
	servers := []string{"primary", "standby"}
	var b strings.Builder
	b.WriteString("| µs an exchange | primary | standby |\n|---|---:|---:|\n")
	names := []string{otherStage}
	for _, s := range stages {
		names = append(names, s.name)
	}
	slices.SortStableFunc(names, func(x, y string) int { return cmp.Compare(c[y]["primary"], c[x]["primary"]) })
	cell := func(n int) string { return fmt.Sprintf("%.1f", float64(n)*each) }
	for _, name := range names {
		fmt.Fprintf(&b, "| %s |", name)
		for _, who := range servers {
			fmt.Fprintf(&b, " %s |", cell(c[name][who]))
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "| **all** | **%s** | **%s** |\n", cell(all["primary"]), cell(all["standby"]))
	fmt.Fprintf(&b, "\nBeside that the load takes %s µs, other programs %s µs, and the cores are idle for %s µs of each exchange.\n",
		cell(all["load"]), cell(all["others"]), cell(all["idle"]))
	return b.String()
}
