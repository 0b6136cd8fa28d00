package serve

import (
	"encoding/binary"
	"net/netip"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// bufferSize is asked of the kernel for every socket and direction, in bytes:
// some thousand queries, as come when a site has its power back, and as many
// replies.
const bufferSize = 4 << 20

func (hostNetwork) Raw() error { return nil }

// With IPv4 a socket for any address of any link does: it gets every broadcast.
// Multicast has to be joined link by link, and the kernel limits how often a
// socket may; so there is a socket for each. That also lets another server have
// the other links.
func (n hostNetwork) Sockets() SocketKind {
	if n.family == IPv6 {
		return PerLink
	}
	return PerHost
}

// codec is how the kinds of sockets differ.
type codec interface {
	// prepare adds a message for the datagram to be filled.
	prepare(m *messages, d *Datagram)
	// received completes the datagram from the n bytes of message i.
	received(m *messages, i int, d *Datagram, n int)
	// send adds a message made of the datagram.
	send(m *messages, d *Datagram)
	// waits says whether writing waits while the socket's buffer is full.
	waits() bool
}

// batchConn reads and writes many datagrams with one system call. One
// goroutine may read and one may write.
type batchConn struct {
	codec
	filter   []bpf.Instruction // of attach
	file     *os.File
	raw      syscall.RawConn
	segments bool // as one packet may leave what goes to one receiver

	in, out           *messages
	inN, outN         int
	inErr, outErr     error
	receive, transmit func(fd uintptr) (done bool) // made once: a closure a batch would be garbage
}

// open makes a socket ready for use; setUp gives it its options and binds it.
// filter is as for attach.
func open(domain, typ int, c codec, filter []bpf.Instruction, setUp func(fd int) error) (Conn, error) {
	fd, err := unix.Socket(domain, typ|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	setBuffer(fd, unix.SO_RCVBUFFORCE, unix.SO_RCVBUF)
	setBuffer(fd, unix.SO_SNDBUFFORCE, unix.SO_SNDBUF)
	if err := setUp(fd); err != nil {
		unix.Close(fd)
		return nil, err
	}
	b := &batchConn{codec: c, filter: filter, file: os.NewFile(uintptr(fd), "socket"), in: new(messages), out: new(messages)}
	if b.raw, err = b.file.SyscallConn(); err != nil {
		b.file.Close()
		return nil, err
	}
	b.receive = func(fd uintptr) bool {
		b.inN, b.inErr = b.in.receive(fd)
		return b.inErr != unix.EAGAIN
	}
	b.transmit = func(fd uintptr) bool {
		b.outN, b.outErr = b.out.send(fd)
		return b.outErr != unix.EAGAIN || !c.waits()
	}
	return b, nil
}

// setBuffer makes a buffer of the socket large. The first option needs
// CAP_NET_ADMIN to exceed the system's limit; with the second the kernel gives
// what it may.
func setBuffer(fd, force, ask int) {
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, force, bufferSize) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, ask, bufferSize)
	}
}

func (b *batchConn) Read(batch []*Datagram) (int, error) {
	defer b.in.release()
	for _, d := range batch {
		b.prepare(b.in, d)
	}
	if err := b.raw.Read(b.receive); err != nil {
		return 0, err
	}
	if b.inErr != nil {
		return 0, os.NewSyscallError("recvmmsg", b.inErr)
	}
	for i, d := range batch[:b.inN] {
		b.received(b.in, i, d, int(b.in.headers[i].n))
		if b.in.headers[i].Flags&unix.MSG_TRUNC != 0 {
			d.refused = TooLong
		}
	}
	return b.inN, nil
}

func (b *batchConn) Write(batch []*Datagram) (int, error) {
	batch = batch[:min(len(batch), BatchSize)]
	if b.segments && len(batch) > 1 {
		if n, err := b.writeSegments(batch); err == nil {
			return n, nil
		}
		// The first that goes alone may do better.
	}
	for _, d := range batch {
		b.send(b.out, d)
	}
	return b.write()
}

// write sends the messages that have been made, and says how many datagrams that
// were.
func (b *batchConn) write() (datagrams int, err error) {
	defer b.out.release()
	if err := b.raw.Write(b.transmit); err != nil {
		return 0, err
	}
	for i := range b.outN {
		datagrams += int(b.out.headers[i].Iovlen)
	}
	return datagrams, os.NewSyscallError("sendmmsg", b.outErr)
}

func (b *batchConn) StopReading() { _ = b.file.SetReadDeadline(time.Unix(1, 0)) }

func (b *batchConn) Overflowed() uint64 {
	var info [unix.SK_MEMINFO_VARS]uint32
	_ = b.raw.Control(func(fd uintptr) {
		size := uint32(unsafe.Sizeof(info))
		unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_MEMINFO,
			uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	})
	return uint64(info[unix.SK_MEMINFO_DROPS])
}

func (b *batchConn) Close() error { return b.file.Close() }

func setInt(fd, level, option, value int) error {
	return os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, level, option, value))
}

func (n hostNetwork) ListenUDP(addr netip.AddrPort, l *Link) (conn Conn, err error) {
	if n.family == IPv6 {
		conn, err = listenUDP6(addr, l)
	} else {
		conn, err = listenUDP4(addr)
	}
	if err != nil || !n.segments {
		return conn, err
	}
	if err := conn.(*batchConn).useSegments(); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// ntohs is also its reverse.
func ntohs(v uint16) uint16 {
	var b [2]byte
	binary.BigEndian.PutUint16(b[:], v)
	return binary.NativeEndian.Uint16(b[:])
}
