package main

import (
	"encoding/binary"
	"net"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// v4 answers DISCOVER and REQUEST.
type v4 struct {
	server net.IP
	last   uint32 // address, of 10.0.0.0/8
}

func (r *v4) answer(query []byte) ([]byte, error) {
	m, err := dhcpv4.FromBytes(query)
	if err != nil {
		return nil, err
	}
	typ, addr := dhcpv4.MessageTypeAck, m.RequestedIPAddress()
	switch m.MessageType() {
	case dhcpv4.MessageTypeDiscover:
		typ, addr = dhcpv4.MessageTypeOffer, make(net.IP, 4)
		r.last++
		binary.BigEndian.PutUint32(addr, 10<<24|r.last&0xffffff)
	case dhcpv4.MessageTypeRequest:
	default:
		return nil, nil
	}
	reply, err := dhcpv4.NewReplyFromRequest(m,
		dhcpv4.WithMessageType(typ),
		dhcpv4.WithYourIP(addr),
		dhcpv4.WithServerIP(r.server),
		dhcpv4.WithOption(dhcpv4.OptServerIdentifier(r.server)),
		dhcpv4.WithLeaseTime(uint32((2 * time.Hour).Seconds())),
		dhcpv4.WithNetmask(net.CIDRMask(8, 32)),
		dhcpv4.WithRouter(net.IPv4(10, 0, 0, 1)),
		dhcpv4.WithDNS(net.IPv4(10, 0, 0, 2), net.IPv4(10, 0, 0, 3)))
	if err != nil {
		return nil, err
	}
	return reply.ToBytes(), nil
}
