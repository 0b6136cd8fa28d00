package main

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// Message types (RFC 2132, section 9.6).
const (
	discover = 1
	offer    = 2
	request  = 3
	ack      = 5
	nak      = 6
	release  = 7
)

// Options (RFC 2132).
const (
	optPad         = 0
	optRequestedIP = 50
	optLeaseTime   = 51
	optMessageType = 53
	optServerID    = 54
	optParamList   = 55
	optClientID    = 61
	optEnd         = 255
)

// Where the fixed fields are (RFC 2131, section 2).
const (
	offXID     = 4
	offSecs    = 8
	offCiaddr  = 12
	offYiaddr  = 16
	offGiaddr  = 24
	offChaddr  = 28
	offCookie  = 236
	offOptions = 240
)

// v4 is DHCPv4.
type v4 struct{ giaddr netip.Addr }

func (f v4) query(b []byte, q *query) []byte {
	b = append(b, make([]byte, offOptions)...)
	p := b[len(b)-offOptions:]
	p[0], p[1], p[2], p[3] = 1, 1, 6, 1 // BOOTREQUEST, Ethernet, address length, hops
	binary.BigEndian.PutUint32(p[offXID:], q.xid)
	binary.BigEndian.PutUint16(p[offSecs:], uint16(min(q.elapsed/time.Second, 0xffff)))
	giaddr, hw := f.giaddr.As4(), q.client.hwAddr()
	copy(p[offGiaddr:], giaddr[:])
	copy(p[offChaddr:], hw[:])
	copy(p[offCookie:], []byte{99, 130, 83, 99})
	switch q.step {
	case asks:
		b = append(b, optMessageType, 1, discover)
	case takes:
		addr := q.has.leases[0].what.Addr().As4()
		b = append(b, optMessageType, 1, request)
		b = append(append(b, optRequestedIP, 4), addr[:]...)
		b = append(append(b, optServerID, byte(len(q.has.server))), q.has.server...)
	case renews, rebinds:
		// As a relay agent passes it on that sees to it that it is asked.
		addr := q.has.leases[0].what.Addr().As4()
		copy(p[offCiaddr:], addr[:])
		b = append(b, optMessageType, 1, request)
	case returns:
		addr := q.has.leases[0].what.Addr().As4()
		copy(p[offCiaddr:], addr[:])
		b = append(b, optMessageType, 1, release)
		b = append(append(b, optServerID, byte(len(q.has.server))), q.has.server...)
	}
	b = append(append(b, optClientID, 7, 1), hw[:]...)
	b = append(b, optParamList, 4, 1, 3, 6, optLeaseTime)
	return append(b, optEnd)
}

// kind4 is what a message type means; 0: it is not a server's.
func kind4(typ byte) kind {
	switch typ {
	case offer:
		return offered
	case ack:
		return granted
	case nak:
		return refused
	}
	return 0
}

func (v4) parse(p []byte, a *answer) bool {
	if len(p) < offOptions || p[0] != 2 {
		return false
	}
	*a = answer{
		xid: binary.BigEndian.Uint32(p[offXID:]),
		hw:  hwAddr(p[offChaddr:]),
	}
	a.leases[0].what = netip.PrefixFrom(netip.AddrFrom4([4]byte(p[offYiaddr:])), 32)
	for o := p[offOptions:]; len(o) > 0 && o[0] != optEnd; {
		if o[0] == optPad {
			o = o[1:]
			continue
		}
		if len(o) < 2 || len(o) < 2+int(o[1]) {
			return false
		}
		value := o[2 : 2+int(o[1])]
		switch {
		case o[0] == optMessageType && len(value) == 1:
			a.kind = kind4(value[0])
		case o[0] == optServerID && len(value) == 4:
			a.server = value
		case o[0] == optLeaseTime && len(value) == 4:
			a.leases[0].seconds = binary.BigEndian.Uint32(value)
		}
		o = o[2+len(value):]
	}
	return a.kind != 0 && (a.server != nil || a.kind != offered)
}
