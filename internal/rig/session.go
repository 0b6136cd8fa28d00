package rig

import (
	"fmt"
	"log"
	"os"
	"runtime"
	"slices"
	"testing"
)

// TB is what package testnet takes for a test: what goes wrong ends the
// session, and what is to be cleaned up is cleaned up then.
type TB struct {
	testing.TB // for the methods that testnet does not call; nil
	// Dir is a folder that is there for as long as the session.
	Dir string

	cleanups []func()
	err      error
}

// Session runs f to its end or the first error. f and what it calls have one
// goroutine; several sessions may run at the same time.
func Session(f func(*TB)) error {
	dir, err := os.MkdirTemp("", "session-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	t := &TB{Dir: dir}
	done := make(chan struct{})
	go func() { // Fatal ends the goroutine
		defer close(done)
		defer func() {
			for _, clean := range slices.Backward(t.cleanups) {
				clean()
			}
		}()
		f(t)
	}()
	<-done
	return t.err
}

// What testnet calls is as in package testing. Nothing can be skipped.

// Helper does nothing.
func (t *TB) Helper() {}

// Cleanup has f called at the end.
func (t *TB) Cleanup(f func()) { t.cleanups = append(t.cleanups, f) }

// Failed says whether there was an error.
func (t *TB) Failed() bool { return t.err != nil }

// Skipped says no.
func (t *TB) Skipped() bool { return false }

// Logf logs.
func (t *TB) Logf(format string, args ...any) { log.Printf(format, args...) }

// Errorf makes it the session's error, unless there is one.
func (t *TB) Errorf(format string, args ...any) {
	if t.err == nil {
		t.err = fmt.Errorf(format, args...)
	}
}

// FailNow ends the session.
func (t *TB) FailNow() { t.Errorf("failed"); runtime.Goexit() }

// Fatal ends it with an error.
func (t *TB) Fatal(args ...any) { t.Errorf("%s", fmt.Sprint(args...)); runtime.Goexit() }

// Fatalf likewise.
func (t *TB) Fatalf(format string, args ...any) { t.Errorf(format, args...); runtime.Goexit() }

// Skip is Fatal.
func (t *TB) Skip(args ...any) { t.Fatal(args...) }

// SkipNow is FailNow.
func (t *TB) SkipNow() { t.FailNow() }
