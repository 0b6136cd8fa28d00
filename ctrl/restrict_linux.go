package ctrl

import "syscall"

// restrictSocket gives a socket that is not bound yet the permissions that its
// file is to have.
func restrictSocket(fd uintptr) { _ = syscall.Fchmod(int(fd), socketMode) }
