package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"
)

// footprint is what the servers of a pair, or a single one, have of the
// machine, all together.
type footprint struct {
	most       int // bytes that were ever resident
	files      int // descriptors
	threads    int
	goroutines int // of ours
}

// leave ends the servers, and returns what they had.
func (d *pair) leave() (f footprint) {
	for _, sv := range d.servers {
		f.most += memoryOf(d.s, sv.Process).most
		f.files += d.entries(sv, "fd")
		f.threads += d.entries(sv, "task")
		if sv.kind == ours {
			f.goroutines += d.goroutines(sv)
		}
		sv.Kill()
	}
	return f
}

// entries is how many there are in a folder of proc(5).
func (d *pair) entries(sv *server, folder string) int {
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/%s", sv.PID(), folder))
	if err != nil {
		d.s.Fatal(err)
	}
	return len(list)
}

// goroutines ends a program in Go in a way that has it tell of them.
func (d *pair) goroutines(sv *server) int {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	sv.Signal("QUIT")
	_ = sv.Wait(ctx)
	return strings.Count(sv.Output(), "\ngoroutine ")
}
