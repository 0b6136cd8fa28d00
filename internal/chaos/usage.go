package main

import (
	"fmt"
	"os"
	"strings"
)

// usage is what a process has of the machine's. A goroutine that is left behind
// shows as memory, and most of them as a descriptor.
type usage struct {
	files, threads int
	memory         int // resident, in bytes
}

// span is the usage of a process when it was first looked at, in normal
// operation, and when it was last.
type span struct {
	pid         int
	first, last usage
	looks       int
}

func (s *span) String() string {
	return fmt.Sprintf("%d, then %d descriptors, %d, then %d threads, %.0f, then %.0f MB",
		s.first.files, s.last.files, s.first.threads, s.last.threads, megabytes(s.first.memory), megabytes(s.last.memory))
}

func megabytes(n int) float64 { return float64(n) / 1e6 }

// grew says whether a process has more than a little more than before: some
// connections of the moment, threads that once were needed at the same time, and
// a heap between two collections.
func (s *span) grew() bool {
	return s.last.files > s.first.files+16 || s.last.threads > s.first.threads+32 || s.last.memory > 2*s.first.memory+64e6
}

// lookAt notes what a server uses now.
func (o *outcome) lookAt(i, pid int) error {
	u, err := usageOf(pid)
	if err != nil {
		return err
	}
	all := o.usages[i]
	if len(all) == 0 || all[len(all)-1].pid != pid {
		o.usages[i] = append(all, &span{pid, u, u, 1})
		return nil
	}
	s := all[len(all)-1]
	s.last = u
	s.looks++
	return nil
}

// usageOf reads it from proc(5).
func usageOf(pid int) (u usage, err error) {
	for folder, n := range map[string]*int{"fd": &u.files, "task": &u.threads} {
		list, err := os.ReadDir(fmt.Sprintf("/proc/%d/%s", pid, folder))
		if err != nil {
			return u, err
		}
		*n = len(list)
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return u, err
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	if _, err := fmt.Sscanf(strings.TrimSpace(rest), "%d kB", &u.memory); err != nil {
		return u, fmt.Errorf("VmRSS of process %d: %w", pid, err)
	}
	u.memory *= 1024
	return u, nil
}
