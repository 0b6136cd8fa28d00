//go:build !linux

package ctrl

// restrictSocket does nothing: only Linux takes the permissions of a socket for
// those of the file that it is bound to.
func restrictSocket(uintptr) {}
