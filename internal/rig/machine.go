package rig

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// LoadAverage says so if the machine has other work to do.
func LoadAverage() string {
	var load float64
	text, _ := os.ReadFile("/proc/loadavg")
	if _, err := fmt.Sscan(string(text), &load); err != nil || load < 0.5 {
		return ""
	}
	return fmt.Sprintf("The machine had other work: a load of %.1f at the start. Take the ratios.\n", load)
}

// DescribeMachine says what the figures are of. Files in dir are on the disk
// that is used.
func DescribeMachine(dir string) string {
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
