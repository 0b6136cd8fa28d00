package serve

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// listenUDP6 receives what comes in on one link, to any address of the host or
// to everybody.
func listenUDP6(addr netip.AddrPort, l *Link) (Conn, error) {
	return open(unix.AF_INET6, unix.SOCK_DGRAM, udp6Codec{}, udpFilter(), func(fd int) error {
		if err := setInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1); err != nil {
			return err
		}
		if err := setInt(fd, unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1); err != nil {
			return err
		}
		if err := unix.BindToDevice(fd, l.Name); err != nil {
			return fmt.Errorf("bind to %s: %w", l.Name, os.NewSyscallError("setsockopt", err))
		}
		// No SO_REUSEADDR: a second server is to be noticed.
		err := unix.Bind(fd, &unix.SockaddrInet6{Port: int(addr.Port()), Addr: addr.Addr().As16()})
		if err != nil {
			return os.NewSyscallError("bind", err)
		}
		for _, group := range multicast() {
			m := unix.IPv6Mreq{Multiaddr: group.As16(), Interface: uint32(l.Index)}
			if err := unix.SetsockoptIPv6Mreq(fd, unix.IPPROTO_IPV6, unix.IPV6_JOIN_GROUP, &m); err != nil {
				return fmt.Errorf("join %v: %w", group, os.NewSyscallError("setsockopt", err))
			}
		}
		return nil
	})
}

// udp6Codec is for UDP sockets of IPv6, whose packet information (in6_pktinfo)
// tells the interface and the local address. It looks like that of IPv4, but
// there is nothing in the two that has the same place or length.
type udp6Codec struct{}

func (udp6Codec) prepare(m *messages, d *Datagram) {
	m.add(d.storage[headroom:], unix.SizeofSockaddrInet6, controlSize)
}

func (udp6Codec) received(m *messages, i int, d *Datagram, n int) {
	d.Payload = d.storage[headroom : headroom+n]
	from := m.inet6(i)
	d.Remote = netip.AddrPortFrom(netip.AddrFrom16(from.Addr), ntohs(from.Port))
	d.Ifindex, d.Local = 0, netip.Addr{}
	// struct in6_pktinfo: address, interface index.
	if info := m.find(i, unix.IPPROTO_IPV6, unix.IPV6_PKTINFO); len(info) >= unix.SizeofInet6Pktinfo {
		d.Local = netip.AddrFrom16([16]byte(info))
		d.Ifindex = int(binary.NativeEndian.Uint32(info[16:]))
	}
}

func (udp6Codec) send(m *messages, d *Datagram) {
	i := m.add(d.Payload, unix.SizeofSockaddrInet6, 0)
	to := unix.RawSockaddrInet6{Family: unix.AF_INET6, Port: ntohs(d.Remote.Port()), Addr: d.Remote.Addr().As16()}
	if d.Remote.Addr().IsLinkLocalUnicast() {
		to.Scope_id = uint32(d.Ifindex)
	}
	*m.inet6(i) = to
	info := m.addControl(i, unix.IPPROTO_IPV6, unix.IPV6_PKTINFO, unix.SizeofInet6Pktinfo)
	if d.Local.IsValid() {
		local := d.Local.As16()
		copy(info, local[:])
	}
	binary.NativeEndian.PutUint32(info[16:], uint32(d.Ifindex))
}

// waits is false, as it is for IPv4: there are hosts that do not answer to
// neighbour discovery, too.
func (udp6Codec) waits() bool { return false }
