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

// rows are results as a table in Markdown.
func (f family) rows(results []result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| server | leases a second | lowest to highest | exchanges in flight | %s to %s, half within | 99 %% within | processor time each |\n", f.request, f.ack)
	b.WriteString("|---|---:|---:|---:|---:|---:|---:|\n")
	for _, r := range results {
		fmt.Fprintf(&b, "| %s | %s | %s to %s | %d | %.1f ms | %.1f ms | %.0f µs |\n",
			r.name, number(r.PerSecond), number(r.lowest), number(r.highest), r.window, r.AckP50, r.AckP99, r.cpu())
	}
	return b.String()
}

// promises says what the rows are of.
func (f family) promises(pairs bool) string {
	text := "Every lease is of a new client, from " + f.discover + " to " + f.ack + ". "
	if pairs {
		text += "It is at both servers before the " + f.ack + ", in failoverd on both disks (fsync); Kea writes its files without fsync.\n"
	} else {
		text += "failoverd has it on disk (fsync) before the " + f.ack + "; Kea writes its file without fsync.\n"
	}
	return text + "As shipped, Kea logs to a file and uses threads as is its default; tuned, it logs warnings only and uses all cores. " +
		"failoverd has the file of the latter. The stateless responder parses, answers and forgets.\n"
}

// loadAverage says so if the machine has other work to do.
func loadAverage() string {
	var load float64
	text, _ := os.ReadFile("/proc/loadavg")
	if _, err := fmt.Sscan(string(text), &load); err != nil || load < 0.5 {
		return ""
	}
	return fmt.Sprintf("The machine had other work: a load of %.1f at the start. Take the ratios.\n", load)
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

// documents are where figures are written.
var documents = []string{"README.md", "docs/performance.md"}

// readMarked returns what is between the marks of a figure, in the first file
// that has them.
func readMarked(files []string, figure string) string {
	for _, file := range files {
		text, _ := os.ReadFile(file)
		if _, rest, ok := strings.Cut(string(text), "<!-- bench "+figure+": begin -->\n"); ok {
			text, _, _ := strings.Cut(rest, "<!-- bench "+figure+": end -->\n")
			return text
		}
	}
	return ""
}

// writeMarked replaces what is between the marks of a figure, in the files that
// have them.
func writeMarked(files []string, figure, text string) error {
	begin, end := "<!-- bench "+figure+": begin -->\n", "<!-- bench "+figure+": end -->\n"
	found := false
	for _, file := range files {
		old, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		before, rest, ok := strings.Cut(string(old), begin)
		_, after, ok2 := strings.Cut(rest, end)
		if !ok || !ok2 {
			continue
		}
		found = true
		if err := os.WriteFile(file, []byte(before+begin+text+end+after), 0o644); err != nil {
			return err
		}
	}
	if !found {
		return fmt.Errorf("%s: there is no %q and %q", strings.Join(files, ", "), begin, end)
	}
	return nil
}
