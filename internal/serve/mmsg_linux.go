package serve

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// mmsghdr is the kernel's struct of that name.
type mmsghdr struct {
	unix.Msghdr
	n uint32 // bytes received or sent
}

// messages is what recvmmsg and sendmmsg work on: headers that point to all
// else. It is made once for a socket and direction, so that a batch allocates
// nothing. It must be on the heap, as stacks move.
type messages struct {
	headers [BatchSize]mmsghdr
	iovecs  [BatchSize]unix.Iovec
	names   [BatchSize]unix.RawSockaddrAny
	control [BatchSize][64]byte
	n       int // of which these take part
}

// set points message i at its buffer, and its name and control message at the
// memory for them.
func (m *messages) set(i int, buf []byte, nameLen, controlLen int) {
	m.iovecs[i].Base = unsafe.SliceData(buf)
	m.iovecs[i].SetLen(len(buf))
	h := &m.headers[i]
	h.Iov = &m.iovecs[i]
	h.SetIovlen(1)
	h.Name = (*byte)(unsafe.Pointer(&m.names[i]))
	h.Namelen = uint32(nameLen)
	h.Control = &m.control[i][0]
	h.SetControllen(controlLen)
	h.Flags = 0
	m.n = max(m.n, i+1)
}

// release forgets the buffers, which now belong to somebody else.
func (m *messages) release() {
	for i := range m.n {
		m.iovecs[i].Base = nil
	}
	m.n = 0
}

func (m *messages) receive(fd uintptr) (int, error) {
	return m.call(unix.SYS_RECVMMSG, fd)
}

func (m *messages) send(fd uintptr) (int, error) {
	return m.call(unix.SYS_SENDMMSG, fd)
}

func (m *messages) call(trap, fd uintptr) (int, error) {
	for {
		n, _, errno := unix.Syscall6(trap, fd, uintptr(unsafe.Pointer(&m.headers[0])), uintptr(m.n), unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case 0:
			return int(n), nil
		case unix.EINTR:
		default:
			return 0, errno
		}
	}
}

// inet4 gives message i's name as an IPv4 socket address.
func (m *messages) inet4(i int) *unix.RawSockaddrInet4 {
	return (*unix.RawSockaddrInet4)(unsafe.Pointer(&m.names[i]))
}

// inet6 gives message i's name as an IPv6 socket address.
func (m *messages) inet6(i int) *unix.RawSockaddrInet6 {
	return (*unix.RawSockaddrInet6)(unsafe.Pointer(&m.names[i]))
}

// link gives message i's name as a link-layer address.
func (m *messages) link(i int) *unix.RawSockaddrLinklayer {
	return (*unix.RawSockaddrLinklayer)(unsafe.Pointer(&m.names[i]))
}

// find gives the data of the control message of that kind that came with
// message i, nil if there is none.
func (m *messages) find(i int, level, typ int32) []byte {
	control := m.control[i][:m.headers[i].Controllen]
	for len(control) > 0 {
		header, data, rest, err := unix.ParseOneSocketControlMessage(control)
		if err != nil {
			return nil
		}
		if header.Level == level && header.Type == typ {
			return data
		}
		control = rest
	}
	return nil
}

// putControl gives message i a control message of n bytes of data, to be
// filled in.
func (m *messages) putControl(i int, level, typ int32, n int) []byte {
	control := m.control[i][:unix.CmsgSpace(n)]
	clear(control)
	header := (*unix.Cmsghdr)(unsafe.Pointer(&control[0]))
	header.Level, header.Type = level, typ
	header.SetLen(unix.CmsgLen(n))
	return control[unix.CmsgLen(0):unix.CmsgLen(n)]
}
