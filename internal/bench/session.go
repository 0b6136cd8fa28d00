package main

import (
	"fmt"
	"log"
	"os"
	"runtime"
	"slices"
	"testing"
)

// tb is what package testnet takes for a test: what goes wrong ends the
// session, and what is to be cleaned up is cleaned up then.
type tb struct {
	testing.TB // for the methods that testnet does not call; nil
	dir        string
	cleanups   []func()
	err        error
}

// session runs f with a temporary folder, to its end or the first error.
func session(f func(*tb)) error {
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	t := &tb{dir: dir}
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

func (t *tb) Helper()          {}
func (t *tb) Cleanup(f func()) { t.cleanups = append(t.cleanups, f) }
func (t *tb) Failed() bool     { return t.err != nil }
func (t *tb) Skipped() bool    { return false }

func (t *tb) Logf(format string, args ...any) { log.Printf(format, args...) }

func (t *tb) Errorf(format string, args ...any) {
	if t.err == nil {
		t.err = fmt.Errorf(format, args...)
	}
}

func (t *tb) FailNow()                          { t.Errorf("failed"); runtime.Goexit() }
func (t *tb) Fatal(args ...any)                 { t.Errorf("%s", fmt.Sprint(args...)); runtime.Goexit() }
func (t *tb) Fatalf(format string, args ...any) { t.Errorf(format, args...); runtime.Goexit() }
func (t *tb) Skip(args ...any)                  { t.Fatal(args...) }
func (t *tb) SkipNow()                          { t.FailNow() }
