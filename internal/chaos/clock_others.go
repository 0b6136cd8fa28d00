//go:build !linux || !amd64

package main

import (
	"errors"
	"time"
)

// clocksCanBeSet says whether there is a clock.
const clocksCanBeSet = false

// clock would need the code of another processor.
type clock struct{}

func openClock(int) (*clock, error) { return nil, errors.ErrUnsupported }

func (*clock) set(time.Duration) error { return errors.ErrUnsupported }
func (*clock) close()                  {}
