package dhcp4

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/iana"
)

// message is a message taken apart. The engine answers and the server decodes
// and encodes in this form, which takes no memory of its own: what is in it are
// parts of a datagram, of the configuration, or of a message of the library,
// which is what users see.
type message struct {
	op, hwType, hops               uint8
	xid                            [4]byte
	secs, flags                    uint16
	ciaddr, yiaddr, siaddr, giaddr netip.Addr // invalid: 0.0.0.0
	chaddr                         []byte
	sname, file                    []byte
	options                        optionSet
}

// msgType is the message type, or MessageTypeNone.
func (m *message) msgType() dhcpv4.MessageType {
	if v := m.options.value(optMessageType); len(v) == 1 {
		return dhcpv4.MessageType(v[0])
	}
	return dhcpv4.MessageTypeNone
}

// addressOption returns the address that an option holds, or the zero Addr.
func (m *message) addressOption(code uint8) netip.Addr {
	v := m.options.value(code)
	if len(v) != 4 {
		return netip.Addr{}
	}
	return address(v)
}

// library returns the message in the library's form, with memory of its own.
func (m *message) library() *dhcpv4.DHCPv4 {
	size := 4*net.IPv4len + len(m.chaddr)
	for i := range m.options.list {
		size += len(m.options.list[i].value)
	}
	memory := make([]byte, 0, size)
	own := func(b []byte) []byte {
		at := len(memory)
		memory = append(memory, b...)
		return memory[at:len(memory):len(memory)] // what is appended to one must not reach the next
	}
	ip := func(addr netip.Addr) net.IP {
		b := as4(addr)
		return own(b[:])
	}
	l := &dhcpv4.DHCPv4{
		OpCode:         dhcpv4.OpcodeType(m.op),
		HWType:         iana.HWType(m.hwType),
		HopCount:       m.hops,
		TransactionID:  m.xid,
		NumSeconds:     m.secs,
		Flags:          m.flags,
		ClientIPAddr:   ip(m.ciaddr),
		YourIPAddr:     ip(m.yiaddr),
		ServerIPAddr:   ip(m.siaddr),
		GatewayIPAddr:  ip(m.giaddr),
		ClientHWAddr:   own(m.chaddr),
		ServerHostName: string(m.sname),
		BootFileName:   string(m.file),
		Options:        make(dhcpv4.Options, len(m.options.list)),
	}
	for i := range m.options.list {
		o := &m.options.list[i]
		l.Options[o.code] = own(o.value)
	}
	return l
}

// take takes a message of the library apart, which has to stay as it is as long
// as m is used.
func (m *message) take(l *dhcpv4.DHCPv4) (err error) {
	m.op, m.hwType, m.hops = uint8(l.OpCode), uint8(l.HWType), l.HopCount
	m.xid, m.secs, m.flags = l.TransactionID, l.NumSeconds, l.Flags
	for _, a := range [...]struct {
		name string
		to   *netip.Addr
		ip   net.IP
	}{
		{"ciaddr", &m.ciaddr, l.ClientIPAddr},
		{"yiaddr", &m.yiaddr, l.YourIPAddr},
		{"siaddr", &m.siaddr, l.ServerIPAddr},
		{"giaddr", &m.giaddr, l.GatewayIPAddr},
	} {
		*a.to = address(a.ip)
		if a.ip != nil && a.ip.To4() == nil {
			err = fmt.Errorf("dhcp4: %s is not an IPv4 address: %v", a.name, a.ip)
		}
	}
	m.chaddr, m.sname, m.file = l.ClientHWAddr, []byte(l.ServerHostName), []byte(l.BootFileName)
	m.options.reset()
	for code, value := range l.Options {
		m.options.set(code, value)
	}
	return err
}

// address is the zero Addr for a field that is not set.
func address(ip []byte) netip.Addr {
	addr, _ := netip.AddrFromSlice(ip)
	addr = addr.Unmap()
	if !addr.Is4() || addr.IsUnspecified() {
		return netip.Addr{}
	}
	return addr
}

// as4 is an address as it is on the wire.
func as4(addr netip.Addr) (b [4]byte) {
	if addr.IsValid() {
		b = addr.As4()
	}
	return b
}
