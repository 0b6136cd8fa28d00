//go:build unix

package ctrl

import (
	"errors"
	"net"
	"syscall"
)

// quiet says whether nothing, not even its end, has arrived on a connection
// that nobody reads. If it is not, bytes may be lost.
func quiet(conn net.Conn) bool {
	state, ok := peek(conn)
	if !ok {
		return quietSlow(conn)
	}
	return state == nothingYet
}

// wasReset says whether the other end has reset the connection. False also if
// it cannot be told.
func wasReset(conn net.Conn) bool {
	state, _ := peek(conn)
	return state == reset
}

type arrived int

const (
	something arrived = iota // bytes, or the end
	nothingYet
	reset
)

// peek says what has arrived, without taking it; false: this connection is
// none of the system's.
func peek(conn net.Conn) (arrived, bool) {
	sys, ok := conn.(syscall.Conn)
	if !ok {
		return something, false
	}
	raw, err := sys.SyscallConn()
	if err != nil {
		return reset, true
	}
	state := something
	err = raw.Control(func(fd uintptr) {
		var one [1]byte
		_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		switch {
		case err == nil:
		case errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR):
			state = nothingYet
		default:
			state = reset
		}
	})
	if err != nil {
		return reset, true
	}
	return state, true
}
