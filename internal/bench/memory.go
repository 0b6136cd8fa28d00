package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// memory is what a process has of the machine's, in bytes.
type memory struct {
	resident int
	most     int // that was ever resident
	file     int // of what is resident, parts of files, which the system may take back
}

// memoryOf reads it from proc(5).
func memoryOf(s *tb, p *testnet.Process) (m memory) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID()))
	if err != nil {
		s.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		into := map[string]*int{"VmRSS": &m.resident, "VmHWM": &m.most, "RssFile": &m.file}[name]
		if into == nil {
			continue
		}
		if _, err := fmt.Sscanf(value, "%d kB", into); err != nil {
			s.Fatalf("%s: %v", line, err)
		}
		*into *= 1024
	}
	return m
}

func megabytes(n int) float64 { return float64(n) / 1e6 }
