package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// table is what the README says, in Markdown. The first result is ours.
func table(results []result, machine string) string {
	var b strings.Builder
	b.WriteString("| server | leases a second | exchanges in flight | REQUEST to ACK, half within | 99 % within | processor time each |\n")
	b.WriteString("|---|---:|---:|---:|---:|---:|\n")
	best := results[1]
	for i, r := range results {
		fmt.Fprintf(&b, "| %s | %.0f | %d | %.1f ms | %.1f ms | %.0f µs |\n", r.name, r.PerSecond, r.window, r.AckP50, r.AckP99, r.cpu())
		if i > 0 && r.PerSecond > best.PerSecond {
			best = r
		}
	}
	fmt.Fprintf(&b, "\nThat is %.1f times the rate of %s. ", results[0].PerSecond/best.PerSecond, best.name)
	b.WriteString("Every lease is of a new client, from DISCOVER to ACK.\n" +
		"failoverd has each on disk (fsync) before the ACK; Kea writes its file without fsync.\n" +
		"The configuration is the same but for multi-threading and the log. Load and servers share the machine: " + machine + ".\n" +
		"`go run ./internal/bench -write`, as root, measures it again.\n")
	return b.String()
}

// describeMachine says what the figures are of. Files in dir are on the disk
// that is used.
func describeMachine(dir string) string {
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	model := runtime.GOARCH
	cpu, _ := os.ReadFile("/proc/cpuinfo")
	if _, rest, ok := strings.Cut(string(cpu), "model name\t: "); ok {
		model, _, _ = strings.Cut(rest, "\n")
	}
	return fmt.Sprintf("%d cores (%s), Linux %s, %s, an fsync takes %.1f ms",
		runtime.NumCPU(), model, strings.TrimSpace(string(kernel)), runtime.Version(), float64(fsyncTime(dir).Microseconds())/1000)
}

// fsyncTime is how long it takes to have a page on disk: the median of 101.
func fsyncTime(dir string) time.Duration {
	f, err := os.Create(filepath.Join(dir, "fsync"))
	if err != nil {
		return 0
	}
	defer f.Close()
	var all []time.Duration
	for range 101 {
		began := time.Now()
		if _, err := f.WriteAt(make([]byte, 4096), 0); err != nil {
			return 0
		}
		if err := f.Sync(); err != nil {
			return 0
		}
		all = append(all, time.Since(began))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

const (
	begin = "<!-- performance: begin -->\n"
	end   = "<!-- performance: end -->"
)

// writeReadme replaces what is between the marks.
func writeReadme(file, text string) error {
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(old), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no %q and %q", file, begin, end)
	}
	return os.WriteFile(file, []byte(before+begin+text+end+after), 0o644)
}
