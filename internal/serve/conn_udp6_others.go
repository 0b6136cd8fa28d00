//go:build !linux

package serve

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"golang.org/x/net/ipv6"
)

// listenUDP6 receives what is sent to any address, and to everybody on the links
// that are joined later; or what is sent to one address of a link and, if that
// is link-local, to everybody there.
func listenUDP6(addr netip.AddrPort, l *Link) (*udp6Conn, error) {
	local := net.UDPAddrFromAddrPort(addr)
	if l != nil && addr.Addr().IsLinkLocalUnicast() {
		local.Zone = strconv.Itoa(l.Index)
	}
	udp, err := net.ListenUDP("udp6", local)
	if err != nil {
		return nil, err
	}
	c := &udp6Conn{udpSocket{udp, l}, ipv6.NewPacketConn(udp), map[int]bool{}}
	switch {
	case l == nil:
		if err = c.packets.SetControlMessage(ipv6.FlagInterface|ipv6.FlagDst, true); err != nil {
			err = fmt.Errorf("ask for the interface of datagrams: %w", err)
		}
	// One socket of a link joins, so that nothing comes in twice.
	case addr.Addr().IsLinkLocalUnicast() || l.Loopback:
		err = c.Join(l)
	}
	if err != nil {
		udp.Close()
		return nil, err
	}
	return c, nil
}

type udp6Conn struct {
	udpSocket
	packets *ipv6.PacketConn
	joined  map[int]bool // links by index; there is no other link with it later
}

// Join is called by one goroutine.
func (c *udp6Conn) Join(l *Link) error {
	if c.joined[l.Index] {
		return nil
	}
	for _, group := range multicast() {
		if err := c.packets.JoinGroup(&net.Interface{Index: l.Index, Name: l.Name}, &net.UDPAddr{IP: group.AsSlice()}); err != nil {
			return fmt.Errorf("join %v: %w", group, err)
		}
	}
	c.joined[l.Index] = true
	return nil
}

func (c *udp6Conn) Read(batch []*Datagram) (int, error) { return c.read(c, batch[0]) }

func (c *udp6Conn) receive(b []byte) (n int, from net.Addr, ifindex int, local net.IP, err error) {
	n, info, from, err := c.packets.ReadFrom(b)
	if info != nil {
		ifindex, local = info.IfIndex, info.Dst
	}
	return n, from, ifindex, local, err
}

func (c *udp6Conn) Write(batch []*Datagram) (int, error) {
	d := batch[0]
	to := net.UDPAddrFromAddrPort(d.Remote)
	if d.Remote.Addr().IsLinkLocalUnicast() {
		to.Zone = strconv.Itoa(d.Ifindex)
	}
	var info *ipv6.ControlMessage
	if c.link == nil {
		info = &ipv6.ControlMessage{IfIndex: d.Ifindex, Src: d.Local.AsSlice()}
	}
	if _, err := c.packets.WriteTo(d.Payload, info, to); err != nil {
		return 0, err
	}
	return 1, nil
}
