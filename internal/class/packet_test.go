package class_test

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/dhcpha/dhcpha/internal/class"
)

// sent are the options of query.
var sent = map[uint16]string{
	12:  "Host.example",
	43:  "\x01\x02ab\x02\x01c",
	53:  "\x01",
	55:  "\xe0", // 224, which tells that a class of TestKeaMatches matches
	57:  "\x05\xdc",
	60:  "PXEClient:Arch:00007\x00\x00",
	66:  "\x00",
	77:  "iPXE",
	80:  "",
	82:  "\x01\x04port\x02\x02\x00\x07\x06\x03sub",
	124: "\x00\x00\x11\x8b\x09docsis3.0\x00\x00\x11\x8b\x01x",
	125: "\x00\x00\x00\x09\x02\x01\x00\x00\x00\x11\x8b\x05\x01\x03\x02\x05\x06",
	200: "\xde\xad",
}

// query is a DHCPv4 packet to evaluate expressions on.
func query() *class.Packet {
	return &class.Packet{
		Interface:     "eth0",
		Source:        netip.MustParseAddr("192.0.2.2"),
		Destination:   netip.MustParseAddr("192.0.2.1"),
		Len:           len(wire()) - 5,
		MessageType:   1,
		TransactionID: 0x01020304,
		HType:         1,
		HWAddr:        []byte{2, 0, 0, 0, 0, 0xff},
		GIAddr:        netip.MustParseAddr("192.0.2.2"),
		Option:        options(sent),
		Member:        func(c string) bool { return c == "ALL" || c == "KNOWN" },
	}
}

// wire is query as a datagram.
func wire() []byte {
	b := make([]byte, 240)
	copy(b, []byte{1, 1, 6, 0, 1, 2, 3, 4})
	copy(b[24:], []byte{192, 0, 2, 2})
	copy(b[28:], []byte{2, 0, 0, 0, 0, 0xff})
	copy(b[236:], []byte{99, 130, 83, 99})
	for _, code := range slices.Sorted(maps.Keys(sent)) {
		b = append(b, byte(code), byte(len(sent[code])))
		b = append(b, sent[code]...)
	}
	return append(b, 255)
}

// query6 is a DHCPv6 packet that came through two relay agents.
func query6() *class.Packet {
	return &class.Packet{
		Interface:     "eth0",
		MessageType:   1,
		TransactionID: 0x010203,
		Relays: []class.Relay{
			{Link: netip.MustParseAddr("2001:db8::1"), Peer: netip.MustParseAddr("fe80::1"), Option: options(map[uint16]string{18: "near"})},
			{Link: netip.MustParseAddr("2001:db8::2"), Peer: netip.MustParseAddr("fe80::2"), Option: options(map[uint16]string{18: "far"})},
		},
		Option: options(map[uint16]string{
			1:  "\x00\x03\x00\x01\x02\x00\x00\x00\x00\x01",
			3:  "\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x0d\x00\x02\x00\x00",
			16: "\x00\x00\x11\x8b\x00\x09docsis3.0\x00\x01x",
			17: "\x00\x00\x11\x8b\x00\x24\x00\x02id",
		}),
	}
}

func options(m map[uint16]string) func(uint16) ([]byte, bool) {
	return func(code uint16) ([]byte, bool) {
		v, ok := m[code]
		return []byte(v), ok
	}
}
