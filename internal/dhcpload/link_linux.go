package main

import (
	"errors"
	"net"
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// link is a socket, read and written many messages a system call.
type link struct {
	conn    *net.UDPConn // keeps fd open
	fd      int
	control []byte // that a message is to be divided; nil: the system can not
	in      *incoming
	n       int
}

// incoming is what recvmmsg works on, made once.
type incoming struct {
	headers [receiveBatch]header
	iovecs  [receiveBatch]unix.Iovec
	names   [receiveBatch]unix.RawSockaddrInet6 // has room for those of IPv4
	buffers [receiveBatch][2048]byte
}

// receiveBatch is how many messages are received with one system call, at most.
const receiveBatch = 64

// header is the kernel's struct mmsghdr.
type header struct {
	unix.Msghdr
	n uint32
}

func newLink(conn *net.UDPConn) (*link, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	l := &link{conn: conn, in: new(incoming)}
	for i := range l.in.headers {
		l.in.iovecs[i].Base = &l.in.buffers[i][0]
		l.in.iovecs[i].SetLen(len(l.in.buffers[i]))
		l.in.headers[i].Name = (*byte)(unsafe.Pointer(&l.in.names[i]))
		l.in.headers[i].Iov = &l.in.iovecs[i]
		l.in.headers[i].SetIovlen(1)
	}
	l.control = make([]byte, unix.CmsgSpace(2))
	h := (*unix.Cmsghdr)(unsafe.Pointer(&l.control[0]))
	h.Level, h.Type = unix.SOL_UDP, unix.UDP_SEGMENT
	h.SetLen(unix.CmsgLen(2))
	err = raw.Control(func(fd uintptr) {
		l.fd = int(fd)
		// Best effort: the system may allow less, and then drops count as timeouts.
		_ = unix.SetsockoptInt(l.fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 16<<20)
		_ = unix.SetsockoptInt(l.fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, 16<<20)
	})
	return l, err
}

// send sends messages of a size, which lie one behind the other, in one.
// The system divides them as late as it can: a message costs a fraction of what
// it would cost alone.
func (l *link) send(messages []byte, size int, to netip.AddrPort) error {
	if len(messages) > size && l.control != nil {
		*(*uint16)(unsafe.Pointer(&l.control[unix.CmsgLen(0)])) = uint16(size)
		_, _, err := l.conn.WriteMsgUDPAddrPort(messages, l.control, to)
		if !errors.Is(err, unix.EIO) && !errors.Is(err, unix.EINVAL) {
			return err
		}
		l.control = nil
	}
	return sendEach(l.conn, messages, size, to)
}

// receive waits for messages, at most for a time, and says how many came.
func (l *link) receive(wait time.Duration) (int, error) {
	l.n = 0
	fds := [1]unix.PollFd{{Fd: int32(l.fd), Events: unix.POLLIN}}
	timeout := unix.NsecToTimespec(max(wait, 0).Nanoseconds())
	if n, err := unix.Ppoll(fds[:], &timeout, nil); n <= 0 {
		if err == nil || err == unix.EINTR {
			return 0, nil
		}
		return 0, err
	}
	for i := range l.in.headers {
		l.in.headers[i].Namelen = unix.SizeofSockaddrInet6
	}
	n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, uintptr(l.fd),
		uintptr(unsafe.Pointer(&l.in.headers[0])), uintptr(len(l.in.headers)), unix.MSG_DONTWAIT, 0, 0)
	switch errno {
	case 0:
		l.n = int(n)
		return l.n, nil
	case unix.EBADF:
		return 0, errno
	}
	return 0, nil // no answer yet; or a server's port is closed, which is no answer either
}

// message returns one of those that came last.
func (l *link) message(i int) []byte { return l.in.buffers[i][:l.in.headers[i].n] }

// from is who sent it.
func (l *link) from(i int) netip.Addr {
	name := &l.in.names[i]
	if name.Family == unix.AF_INET {
		return netip.AddrFrom4((*unix.RawSockaddrInet4)(unsafe.Pointer(name)).Addr)
	}
	return netip.AddrFrom16(name.Addr).Unmap()
}
