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

// controlSize is the room for the control messages of a message. Sent are at most
// a packet information and a segment's length.
const controlSize = 64

// messages is what recvmmsg and sendmmsg work on: headers that point to all
// else. It is made once for a socket and direction, so that a batch allocates
// nothing. It must be on the heap, as stacks move.
type messages struct {
	headers [BatchSize]mmsghdr
	iovecs  [BatchSize]unix.Iovec
	names   [BatchSize]unix.RawSockaddrAny
	control [BatchSize][controlSize]byte
	n       int // messages that take part
	buffers int // iovecs that they have together
}

// add adds a message of one buffer, and says which it is. Its name is to be
// filled in.
func (m *messages) add(buf []byte, nameLen, controlLen int) (i int) {
	i = m.n
	m.n++
	h := &m.headers[i]
	h.Iov = m.buffer(buf)
	h.SetIovlen(1)
	h.Name = (*byte)(unsafe.Pointer(&m.names[i]))
	h.Namelen = uint32(nameLen)
	h.Control = &m.control[i][0]
	h.SetControllen(controlLen)
	h.Flags = 0
	return i
}

// extend adds a buffer to the last message.
func (m *messages) extend(buf []byte) {
	m.buffer(buf)
	h := &m.headers[m.n-1]
	h.SetIovlen(int(h.Iovlen) + 1)
}

func (m *messages) buffer(b []byte) *unix.Iovec {
	v := &m.iovecs[m.buffers]
	m.buffers++
	v.Base = unsafe.SliceData(b)
	v.SetLen(len(b))
	return v
}

// release forgets the buffers, which now belong to somebody else.
func (m *messages) release() {
	for i := range m.buffers {
		m.iovecs[i].Base = nil
	}
	m.n, m.buffers = 0, 0
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

// addControl gives message i another control message of n bytes of data, to be
// filled in.
func (m *messages) addControl(i int, level, typ int32, n int) []byte {
	h := &m.headers[i]
	control := m.control[i][h.Controllen:][:unix.CmsgSpace(n)]
	h.SetControllen(int(h.Controllen) + len(control))
	clear(control)
	header := (*unix.Cmsghdr)(unsafe.Pointer(&control[0]))
	header.Level, header.Type = level, typ
	header.SetLen(unix.CmsgLen(n))
	return control[unix.CmsgLen(0):unix.CmsgLen(n)]
}
