package class

import (
	"net/netip"

	"github.com/dhcpha/dhcpha/internal/option"
)

// packetField parses a field of the packet; t is pkt, pkt4 or pkt6.
func (p *parser) packetField(t token) (value, error) {
	switch {
	case t.text == "pkt4" && p.defs.Family() != option.V4:
		return value{}, p.errorf(t, "pkt4 is only for DHCPv4")
	case t.text == "pkt6" && p.defs.Family() != option.V6:
		return value{}, p.errorf(t, "pkt6 is only for DHCPv6")
	}
	if err := p.expect("."); err != nil {
		return value{}, err
	}
	name, err := p.take(word, "the name of a field")
	if err != nil {
		return value{}, err
	}
	get := fieldOf(t.text, name.text)
	if get == nil {
		return value{}, p.errorf(name, "%s has no field %s", t, name)
	}
	return value{text: func(pkt *Packet) (string, error) { return get(pkt), nil }}, nil
}

// fieldOf returns what reads a field, or nil if there is no such field.
func fieldOf(of, name string) func(*Packet) string {
	switch of + "." + name {
	case "pkt.iface":
		return func(p *Packet) string { return p.Interface }
	case "pkt.src":
		return func(p *Packet) string { return addressText(p.Source) }
	case "pkt.dst":
		return func(p *Packet) string { return addressText(p.Destination) }
	case "pkt.len":
		return func(p *Packet) string { return uint32Text(uint32(p.Len)) }
	case "pkt4.mac":
		return func(p *Packet) string { return string(p.HWAddr) }
	case "pkt4.hlen":
		return func(p *Packet) string { return uint32Text(uint32(len(p.HWAddr))) }
	case "pkt4.htype":
		return func(p *Packet) string { return uint32Text(uint32(p.HType)) }
	case "pkt4.ciaddr":
		return func(p *Packet) string { return header4(p.CIAddr) }
	case "pkt4.giaddr":
		return func(p *Packet) string { return header4(p.GIAddr) }
	case "pkt4.yiaddr":
		return func(p *Packet) string { return header4(p.YIAddr) }
	case "pkt4.siaddr":
		return func(p *Packet) string { return header4(p.SIAddr) }
	case "pkt4.msgtype", "pkt6.msgtype":
		return func(p *Packet) string { return uint32Text(uint32(p.MessageType)) }
	case "pkt4.transid", "pkt6.transid":
		return func(p *Packet) string { return uint32Text(p.TransactionID) }
	}
	return nil
}

func addressText(a netip.Addr) string { return string(a.Unmap().AsSlice()) }

// header4 is the text of an address in a DHCPv4 header, where none is 0.0.0.0.
func header4(a netip.Addr) string {
	if !a.IsValid() {
		a = netip.IPv4Unspecified()
	}
	return addressText(a)
}
