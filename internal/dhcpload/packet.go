package main

import (
	"encoding/binary"
	"net/netip"
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

// query is what a client says.
type query struct {
	typ       byte
	xid       uint32
	client    uint64 // its number, in its hardware address
	requested netip.Addr
	server    netip.Addr
}

// hwAddr returns a client's hardware address, locally administered and unicast.
func hwAddr(client uint64) (hw [6]byte) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], client)
	copy(hw[:], b[2:])
	hw[0] = hw[0]&^1 | 2
	return hw
}

// build returns a query as a relay agent with address giaddr sends it.
func build(giaddr netip.Addr, q query) []byte {
	p := make([]byte, offOptions, 300)
	p[0], p[1], p[2], p[3] = 1, 1, 6, 1 // BOOTREQUEST, Ethernet, address length, hops
	binary.BigEndian.PutUint32(p[offXID:], q.xid)
	copy(p[offGiaddr:], giaddr.AsSlice())
	hw := hwAddr(q.client)
	copy(p[offChaddr:], hw[:])
	copy(p[offCookie:], []byte{99, 130, 83, 99})
	p = append(p, optMessageType, 1, q.typ)
	if q.typ == request {
		p = append(append(p, optRequestedIP, 4), q.requested.AsSlice()...)
		p = append(append(p, optServerID, 4), q.server.AsSlice()...)
	}
	p = append(append(p, optClientID, 7, 1), hw[:]...)
	p = append(p, optParamList, 4, 1, 3, 6, optLeaseTime)
	return append(p, optEnd)
}

// setSecs says in a built packet for how long the client has been trying.
func setSecs(p []byte, secs uint16) { binary.BigEndian.PutUint16(p[offSecs:], secs) }

// answer is what a server says.
type answer struct {
	typ    byte
	xid    uint32
	addr   netip.Addr // yiaddr
	server netip.Addr // server identifier; zero if there is none
	lease  uint32     // seconds
}

// parse reads a server's message. It returns false for what is none.
func parse(p []byte) (answer, bool) {
	if len(p) < offOptions || p[0] != 2 {
		return answer{}, false
	}
	a := answer{
		xid:  binary.BigEndian.Uint32(p[offXID:]),
		addr: netip.AddrFrom4([4]byte(p[offYiaddr:])),
	}
	for o := p[offOptions:]; len(o) > 0 && o[0] != optEnd; {
		if o[0] == optPad {
			o = o[1:]
			continue
		}
		if len(o) < 2 || len(o) < 2+int(o[1]) {
			return answer{}, false
		}
		value := o[2 : 2+int(o[1])]
		switch {
		case o[0] == optMessageType && len(value) == 1:
			a.typ = value[0]
		case o[0] == optServerID && len(value) == 4:
			a.server = netip.AddrFrom4([4]byte(value))
		case o[0] == optLeaseTime && len(value) == 4:
			a.lease = binary.BigEndian.Uint32(value)
		}
		o = o[2+len(value):]
	}
	return a, a.typ != 0
}
