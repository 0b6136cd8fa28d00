//go:build !linux

package serve

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"time"
)

func (hostNetwork) Raw() error {
	return fmt.Errorf("raw sockets on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}

// On Windows a datagram does not tell its interface, but a socket for one
// address receives what is broadcast, or multicast, on the interface of that
// address.
func (hostNetwork) Sockets() SocketKind {
	if runtime.GOOS == "windows" {
		return PerAddress
	}
	return PerHost
}

func (n hostNetwork) ListenLink(*Link, uint16) (Conn, error) { return nil, n.Raw() }

func (n hostNetwork) ListenUDP(addr netip.AddrPort, l *Link) (Conn, error) {
	if n.segments {
		return nil, fmt.Errorf("packets that %s divides: %w", runtime.GOOS, errors.ErrUnsupported)
	}
	var c udpConn
	var err error
	if n.family == IPv6 {
		c, err = listenUDP6(addr, l)
	} else {
		c, err = listenUDP4(addr, l)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// udpConn is a UDP socket that is read and written one datagram at a time.
type udpConn interface {
	Conn
	// receive reads into b.
	receive(b []byte) (n int, from net.Addr, ifindex int, local net.IP, err error)
}

// udpSocket is what the sockets of both families have in common.
type udpSocket struct {
	udp  *net.UDPConn
	link *Link // nil: datagrams tell
}

// read completes what receive has read.
func (s udpSocket) read(c udpConn, d *Datagram) (int, error) {
	b := d.storage[headroom:]
	n, from, ifindex, local, err := c.receive(b)
	if err != nil {
		return 0, err
	}
	if n == len(b) {
		d.refused = TooLong
	}
	d.Payload = b[:n]
	remote := from.(*net.UDPAddr).AddrPort()
	d.Remote = netip.AddrPortFrom(remote.Addr().Unmap().WithZone(""), remote.Port())
	d.Ifindex, d.Local = ifindex, netip.Addr{}
	if addr, ok := netip.AddrFromSlice(local); ok {
		d.Local = addr.Unmap()
	}
	if s.link != nil {
		d.Ifindex = s.link.Index
	}
	return 1, nil
}

func (s udpSocket) StopReading() { _ = s.udp.SetReadDeadline(time.Unix(1, 0)) }

// Overflowed is not told by these platforms.
func (s udpSocket) Overflowed() uint64 { return 0 }

func (s udpSocket) Close() error { return s.udp.Close() }
