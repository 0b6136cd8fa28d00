//go:build !linux

package dhcp4

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"time"

	"golang.org/x/net/ipv4"
)

// hostNetwork is the network of the host. It has UDP only.
type hostNetwork struct{}

func (hostNetwork) links() ([]link, error) { return hostLinks() }

func (hostNetwork) raw() error {
	return fmt.Errorf("raw sockets on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}

// On Windows a datagram does not tell its interface, but a socket for one
// address receives what is broadcast on the interface of that address.
func (hostNetwork) anyAddress() bool { return runtime.GOOS != "windows" }

func (n hostNetwork) listenLink(*link, uint16) (conn, error) { return nil, n.raw() }

func (n hostNetwork) listenUDP(addr netip.AddrPort, l *link) (conn, error) {
	udp, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(addr))
	if err != nil {
		return nil, err
	}
	c := &udpConn{udp: udp, packets: ipv4.NewPacketConn(udp), link: l}
	if l == nil {
		if err := c.packets.SetControlMessage(ipv4.FlagInterface|ipv4.FlagDst, true); err != nil {
			udp.Close()
			return nil, fmt.Errorf("ask for the interface of datagrams: %w", err)
		}
	}
	return c, nil
}

// udpConn reads and writes one datagram at a time.
type udpConn struct {
	udp     *net.UDPConn
	packets *ipv4.PacketConn
	link    *link // nil: datagrams tell
}

func (c *udpConn) read(batch []*datagram) (int, error) {
	d := batch[0]
	buf := d.storage[headroom:]
	n, info, from, err := c.packets.ReadFrom(buf)
	if err != nil {
		return 0, err
	}
	d.payload = buf[:n]
	if n == len(buf) {
		d.refused = RefusedTooLong
	}
	d.remote = from.(*net.UDPAddr).AddrPort()
	d.remote = netip.AddrPortFrom(d.remote.Addr().Unmap(), d.remote.Port())
	d.ifindex, d.local = 0, netip.Addr{}
	if c.link != nil {
		d.ifindex = c.link.index
	}
	if info != nil {
		d.ifindex = info.IfIndex
		d.local, _ = netip.AddrFromSlice(info.Dst.To4())
	}
	return 1, nil
}

func (c *udpConn) write(batch []*datagram) (int, error) {
	d := batch[0]
	var info *ipv4.ControlMessage
	if c.link == nil {
		info = &ipv4.ControlMessage{IfIndex: d.ifindex, Src: d.local.AsSlice()}
	}
	if _, err := c.packets.WriteTo(d.payload, info, net.UDPAddrFromAddrPort(d.remote)); err != nil {
		return 0, err
	}
	return 1, nil
}

func (c *udpConn) stopReading() { _ = c.udp.SetReadDeadline(time.Unix(1, 0)) }

// overflowed is not told by these platforms.
func (c *udpConn) overflowed() uint64 { return 0 }

func (c *udpConn) Close() error { return c.udp.Close() }
