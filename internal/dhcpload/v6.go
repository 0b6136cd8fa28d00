package main

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// Message types (RFC 9915, section 7.3).
const (
	solicit      = 1
	advertise    = 2
	request6     = 3
	reply        = 7
	relayForward = 12
	relayReply   = 13
)

// Options (RFC 9915, section 21).
const (
	optDUID        = 1
	optServerDUID  = 2
	optIANA        = 3
	optIAAddr      = 5
	optORO         = 6
	optElapsed     = 8
	optRelayMsg    = 9
	optRapidCommit = 14
	optIAPD        = 25
	optIAPrefix    = 26
)

// Where things are in a query. The relay agent's message has the client's as
// its only option, in which the DUID and the elapsed time come first.
const (
	offLink    = 2
	offPeer    = offLink + 16
	relayLen   = offPeer + 16
	offInner   = relayLen + 4
	offDUID    = offInner + 4 + 4
	duidLen    = 4 + 6 // DUID-LL of an Ethernet address
	offElapsed = offDUID + duidLen + 4
)

// v6 is DHCPv6.
type v6 struct {
	link  netip.Addr // the relay agent's link-address
	pd    bool       // clients ask for a prefix, too
	rapid bool       // clients would do without Advertise and Request
}

func (f v6) ask(xid uint32, c client) []byte {
	p := f.begin(solicit, xid, c)
	if f.rapid {
		p = append(p, 0, optRapidCommit, 0, 0)
	}
	return f.finish(p, &answer{})
}

func (f v6) take(xid uint32, c client, offer *answer) []byte {
	p := f.begin(request6, xid, c)
	p = append(append(p, 0, optServerDUID, byte(len(offer.server)>>8), byte(len(offer.server))), offer.server...)
	return f.finish(p, offer)
}

// begin returns a query up to the elapsed time.
func (f v6) begin(typ byte, xid uint32, c client) []byte {
	hw := c.hwAddr()
	p := make([]byte, relayLen, 256)
	p[0] = relayForward
	copy(p[offLink:], f.link.AsSlice())
	copy(p[offPeer:], []byte{0xfe, 0x80})
	copy(p[offPeer+8:], []byte{hw[0] ^ 2, hw[1], hw[2], 0xff, 0xfe, hw[3], hw[4], hw[5]}) // RFC 4291, appendix A
	p = append(p, 0, optRelayMsg, 0, 0)
	p = append(p, typ, byte(xid>>16), byte(xid>>8), byte(xid))
	p = append(p, 0, optDUID, 0, duidLen, 0, 3, 0, 1)
	p = append(p, hw[:]...)
	return append(p, 0, optElapsed, 0, 2, 0, 0)
}

// finish adds what is asked for, or has been offered.
func (f v6) finish(p []byte, offer *answer) []byte {
	p = append(p, 0, optORO, 0, 4, 0, 23, 0, 24)
	ia := func(code byte, l lease, option byte, length int) {
		if !l.what.IsValid() {
			length = -4
		}
		p = append(p, 0, code, 0, byte(12+4+length))
		p = append(p, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0) // IAID, T1, T2
		if !l.what.IsValid() {
			return
		}
		p = append(p, 0, option, 0, byte(length))
		addr := l.what.Addr().As16()
		if option == optIAAddr {
			p = append(append(p, addr[:]...), 0, 0, 0, 0, 0, 0, 0, 0)
		} else {
			p = append(append(p, 0, 0, 0, 0, 0, 0, 0, 0, byte(l.what.Bits())), addr[:]...)
		}
	}
	ia(optIANA, offer.leases[0], optIAAddr, 24)
	if f.pd {
		ia(optIAPD, offer.leases[1], optIAPrefix, 25)
	}
	binary.BigEndian.PutUint16(p[offInner-2:], uint16(len(p)-offInner))
	return p
}

func (v6) setElapsed(p []byte, d time.Duration) {
	binary.BigEndian.PutUint16(p[offElapsed:], uint16(min(d/(10*time.Millisecond), 0xffff)))
}

func (f v6) parse(p []byte, a *answer) bool {
	if len(p) < relayLen || p[0] != relayReply {
		return false
	}
	var inner []byte
	ok := eachOption(p[relayLen:], func(code uint16, value []byte) {
		if code == optRelayMsg {
			inner = value
		}
	})
	if !ok || len(inner) < 4 || inner[0] != advertise && inner[0] != reply {
		return false
	}
	*a = answer{kind: offered, xid: binary.BigEndian.Uint32(inner) & 0xffffff}
	if inner[0] == reply {
		a.kind = granted
	}
	ok = eachOption(inner[4:], func(code uint16, value []byte) {
		switch {
		case code == optDUID && len(value) == duidLen:
			a.hw = hwAddr(value[4:])
		case code == optServerDUID:
			a.server = value
		case code == optIANA && len(value) >= 12:
			eachOption(value[12:], func(code uint16, value []byte) {
				if code == optIAAddr && len(value) >= 24 {
					a.leases[0] = lease{netip.PrefixFrom(netip.AddrFrom16([16]byte(value)), 128), binary.BigEndian.Uint32(value[20:])}
				}
			})
		case code == optIAPD && len(value) >= 12:
			eachOption(value[12:], func(code uint16, value []byte) {
				if code == optIAPrefix && len(value) >= 25 && value[8] <= 128 {
					a.leases[1] = lease{netip.PrefixFrom(netip.AddrFrom16([16]byte(value[9:])), int(value[8])), binary.BigEndian.Uint32(value[4:])}
				}
			})
		}
	})
	if a.leases[0].seconds == 0 || f.pd && a.leases[1].seconds == 0 {
		a.kind = refused
	}
	return ok && len(a.server) > 0
}

// eachOption calls f with the options that there are, and returns false if the
// last one is cut off.
func eachOption(p []byte, f func(code uint16, value []byte)) bool {
	for len(p) > 0 {
		if len(p) < 4 {
			return false
		}
		n := 4 + int(binary.BigEndian.Uint16(p[2:]))
		if len(p) < n {
			return false
		}
		f(binary.BigEndian.Uint16(p), p[4:n])
		p = p[n:]
	}
	return true
}
