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
	renew6       = 5
	rebind6      = 6
	reply        = 7
	release6     = 8
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

func (f v6) query(b []byte, q *query) []byte {
	start := len(b)
	b = append(b, make([]byte, relayLen)...)
	p := b[start:]
	link, hw := f.link.As16(), q.client.hwAddr()
	p[0] = relayForward
	copy(p[offLink:], link[:])
	copy(p[offPeer:], []byte{0xfe, 0x80})
	copy(p[offPeer+8:], []byte{hw[0] ^ 2, hw[1], hw[2], 0xff, 0xfe, hw[3], hw[4], hw[5]}) // RFC 4291, appendix A
	b = append(b, 0, optRelayMsg, 0, 0)
	b = append(b, types6[q.step], byte(q.xid>>16), byte(q.xid>>8), byte(q.xid))
	b = append(append(b, 0, optDUID, 0, duidLen, 0, 3, 0, 1), hw[:]...)
	b = append(b, 0, optElapsed, 0, 2)
	b = binary.BigEndian.AppendUint16(b, uint16(min(q.elapsed/(10*time.Millisecond), 0xffff)))
	var has [2]lease
	if q.step == asks {
		if f.rapid {
			b = append(b, 0, optRapidCommit, 0, 0)
		}
	} else {
		has = q.has.leases
		if q.step != rebinds {
			b = append(append(b, 0, optServerDUID, byte(len(q.has.server)>>8), byte(len(q.has.server))), q.has.server...)
		}
	}
	b = append(b, 0, optORO, 0, 4, 0, 23, 0, 24)
	b = appendIA(b, optIANA, has[0], optIAAddr, 24)
	if f.pd {
		b = appendIA(b, optIAPD, has[1], optIAPrefix, 25)
	}
	inner := b[start+offInner:]
	binary.BigEndian.PutUint16(b[start+offInner-2:], uint16(len(inner)))
	return b
}

// types6 are the message types of a client's steps.
var types6 = [...]byte{asks: solicit, takes: request6, renews: renew6, rebinds: rebind6, returns: release6}

// appendIA appends an IA option with a lease, whose option has a length, or
// without one.
func appendIA(b []byte, code byte, l lease, option byte, length int) []byte {
	if !l.what.IsValid() {
		length = -4
	}
	b = append(b, 0, code, 0, byte(12+4+length))
	b = append(b, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0) // IAID, T1, T2
	if !l.what.IsValid() {
		return b
	}
	b = append(b, 0, option, 0, byte(length))
	addr := l.what.Addr().As16()
	if option == optIAAddr {
		return append(append(b, addr[:]...), 0, 0, 0, 0, 0, 0, 0, 0)
	}
	return append(append(b, 0, 0, 0, 0, 0, 0, 0, 0, byte(l.what.Bits())), addr[:]...)
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
			a.associations[0] = value[12:]
		case code == optIAPD && len(value) >= 12:
			a.associations[1] = value[12:]
		}
	})
	a.prefer([2]lease{})
	if a.leases[0].seconds == 0 || f.pd && a.leases[1].seconds == 0 {
		a.kind = refused
	}
	return ok && len(a.server) > 0
}

// prefer chooses what the client goes on with of what it is granted: what it has,
// if that is there, or else what comes first. There may be several: a client to
// whom two servers that did not hear each other have given an address each has
// both, and this one uses one of them.
func (a *answer) prefer(has [2]lease) {
	for i, option := range [...]uint16{optIAAddr, optIAPrefix} {
		eachOption(a.associations[i], func(code uint16, value []byte) {
			l := leaseOf(code, value)
			if code == option && l.seconds > 0 && (a.leases[i].seconds == 0 || l.what == has[i].what) {
				a.leases[i] = l
			}
		})
	}
}

// leaseOf reads what an identity association has; the zero value: something else.
func leaseOf(code uint16, value []byte) lease {
	switch {
	case code == optIAAddr && len(value) >= 24:
		return lease{netip.PrefixFrom(netip.AddrFrom16([16]byte(value)), 128), binary.BigEndian.Uint32(value[20:])}
	case code == optIAPrefix && len(value) >= 25 && value[8] <= 128:
		return lease{netip.PrefixFrom(netip.AddrFrom16([16]byte(value[9:])), int(value[8])), binary.BigEndian.Uint32(value[4:])}
	}
	return lease{}
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
