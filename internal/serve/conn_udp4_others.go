//go:build !linux

package serve

import (
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/net/ipv4"
)

func listenUDP4(addr netip.AddrPort, l *Link) (*udp4Conn, error) {
	udp, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(addr))
	if err != nil {
		return nil, err
	}
	c := &udp4Conn{udpSocket{udp, l}, ipv4.NewPacketConn(udp)}
	if l == nil {
		if err := c.packets.SetControlMessage(ipv4.FlagInterface|ipv4.FlagDst, true); err != nil {
			udp.Close()
			return nil, fmt.Errorf("ask for the interface of datagrams: %w", err)
		}
	}
	return c, nil
}

type udp4Conn struct {
	udpSocket
	packets *ipv4.PacketConn
}

func (c *udp4Conn) Read(batch []*Datagram) (int, error) { return c.read(c, batch[0]) }

func (c *udp4Conn) receive(b []byte) (n int, from net.Addr, ifindex int, local net.IP, err error) {
	n, info, from, err := c.packets.ReadFrom(b)
	if info != nil {
		ifindex, local = info.IfIndex, info.Dst
	}
	return n, from, ifindex, local, err
}

func (c *udp4Conn) Write(batch []*Datagram) (int, error) {
	d := batch[0]
	var info *ipv4.ControlMessage
	if c.link == nil {
		info = &ipv4.ControlMessage{IfIndex: d.Ifindex, Src: d.Local.AsSlice()}
	}
	if _, err := c.packets.WriteTo(d.Payload, info, net.UDPAddrFromAddrPort(d.Remote)); err != nil {
		return 0, err
	}
	return 1, nil
}
