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
	offYiaddr  = 16
	offGiaddr  = 24
	offChaddr  = 28
	offCookie  = 236
	offOptions = 240
)

// v4 is DHCPv4.
type v4 struct{ giaddr netip.Addr }

func (f v4) ask(xid uint32, c client) []byte {
	return f.finish(f.begin(discover, xid, c), c)
}

func (f v4) take(xid uint32, c client, offer *answer) []byte {
	p := f.begin(request, xid, c)
	p = append(append(p, optRequestedIP, 4), offer.leases[0].what.Addr().AsSlice()...)
	p = append(append(p, optServerID, byte(len(offer.server))), offer.server...)
	return f.finish(p, c)
}

// begin returns a query up to its message type.
func (f v4) begin(typ byte, xid uint32, c client) []byte {
	p := make([]byte, offOptions, 300)
	p[0], p[1], p[2], p[3] = 1, 1, 6, 1 // BOOTREQUEST, Ethernet, address length, hops
	binary.BigEndian.PutUint32(p[offXID:], xid)
	copy(p[offGiaddr:], f.giaddr.AsSlice())
	hw := c.hwAddr()
	copy(p[offChaddr:], hw[:])
	copy(p[offCookie:], []byte{99, 130, 83, 99})
	return append(p, optMessageType, 1, typ)
}

func (f v4) finish(p []byte, c client) []byte {
	hw := c.hwAddr()
	p = append(append(p, optClientID, 7, 1), hw[:]...)
	p = append(p, optParamList, 4, 1, 3, 6, optLeaseTime)
	return append(p, optEnd)
}

func (v4) setElapsed(p []byte, d time.Duration) {
	binary.BigEndian.PutUint16(p[offSecs:], uint16(min(d/time.Second, 0xffff)))
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
