package main

import (
	"encoding/binary"
	"net"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
)

// v6 answers Solicit and Request in a relay agent's message.
type v6 struct{ last uint32 }

func (r *v6) answer(query []byte) ([]byte, error) {
	d, err := dhcpv6.FromBytes(query)
	if err != nil {
		return nil, err
	}
	outer, ok := d.(*dhcpv6.RelayMessage)
	if !ok {
		return nil, nil
	}
	m, err := outer.GetInnerMessage()
	if err != nil {
		return nil, err
	}
	ia := m.Options.OneIANA()
	if ia == nil {
		return nil, nil
	}
	addr := &dhcpv6.OptIAAddress{PreferredLifetime: time.Hour, ValidLifetime: 2 * time.Hour}
	options := []dhcpv6.Modifier{
		dhcpv6.WithServerID(&dhcpv6.DUIDEN{EnterpriseNumber: 2495, EnterpriseIdentifier: []byte{1, 2, 3, 4}}),
		dhcpv6.WithIAID(ia.IaId),
		dhcpv6.WithDNS(net.ParseIP("fd77::2"), net.ParseIP("fd77::3")),
	}
	var reply *dhcpv6.Message
	switch m.MessageType {
	case dhcpv6.MessageTypeSolicit:
		r.last++
		addr.IPv6Addr = binary.BigEndian.AppendUint32(net.ParseIP("fd78::1:0:0")[:12:12], r.last)
		reply, err = dhcpv6.NewAdvertiseFromSolicit(m, append(options, dhcpv6.WithIANA(*addr))...)
	case dhcpv6.MessageTypeRequest:
		asked := ia.Options.OneAddress()
		if asked == nil {
			return nil, nil
		}
		addr.IPv6Addr = asked.IPv6Addr
		reply, err = dhcpv6.NewReplyFromMessage(m, append(options, dhcpv6.WithIANA(*addr))...)
	default:
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	relayed, err := dhcpv6.NewRelayReplFromRelayForw(outer, reply)
	if err != nil {
		return nil, err
	}
	return relayed.ToBytes(), nil
}
