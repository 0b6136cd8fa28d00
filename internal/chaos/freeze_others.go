//go:build !linux

package main

import "errors"

// freeze needs Linux.
func freeze(int) (thaw func(), err error) { return nil, errors.ErrUnsupported }
