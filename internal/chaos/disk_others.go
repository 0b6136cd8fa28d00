//go:build !linux

package main

import "errors"

// disk needs Linux.
type disk struct{}

func mountDisk(string) (*disk, error) { return nil, errors.ErrUnsupported }

func (*disk) unmount()    {}
func (*disk) fill() error { return errors.ErrUnsupported }
func (*disk) free() error { return errors.ErrUnsupported }
func unmountAbandoned()   {}
