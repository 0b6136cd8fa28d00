//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package lease

import (
	"os"
	"syscall"
)

// unlock gives up the lock on a file. Closing the file is not enough here as
// long as it is mapped.
func unlock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }
