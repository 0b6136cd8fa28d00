package serve

import (
	"encoding/binary"
	"net/netip"
)

const (
	protocolUDP  = 17
	ipHeaderLen  = 20
	udpHeaderLen = 8
	headersLen   = ipHeaderLen + udpHeaderLen
)

// parseFrame reads the IPv4 packet b that holds a whole UDP datagram. The UDP
// checksum is not verified where the sender left it to its network card: on a
// virtual link no card ever fills it in.
func parseFrame(b []byte, verify bool) (payload []byte, src netip.AddrPort, dst netip.Addr, ok bool) {
	if len(b) < ipHeaderLen || b[0]>>4 != 4 {
		return nil, src, dst, false
	}
	header, total := int(b[0]&15)*4, int(binary.BigEndian.Uint16(b[2:]))
	fragment := binary.BigEndian.Uint16(b[6:]) & 0x3fff // More Fragments and the offset
	if header < ipHeaderLen || total < header+udpHeaderLen || total > len(b) || fragment != 0 ||
		b[9] != protocolUDP || fold(sum(0, b[:header])) != 0xffff {
		return nil, src, dst, false
	}
	udp := b[header:total] // what follows is padding of the link
	length := int(binary.BigEndian.Uint16(udp[4:]))
	if length < udpHeaderLen || length > len(udp) {
		return nil, src, dst, false
	}
	udp = udp[:length]
	if verify && binary.BigEndian.Uint16(udp[6:]) != 0 && fold(sum(pseudoHeader(b, length), udp)) != 0xffff {
		return nil, src, dst, false
	}
	src = netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[12:])), binary.BigEndian.Uint16(udp))
	return udp[udpHeaderLen:], src, netip.AddrFrom4([4]byte(b[16:])), true
}

// putFrame writes the headers of a UDP datagram in front of its payload, which
// begins at b[ipHeaderLen+udpHeaderLen].
func putFrame(b []byte, src, dst netip.AddrPort) {
	const dontFragment = 0x40
	ip, udp := b[:ipHeaderLen], b[ipHeaderLen:]
	clear(ip)
	ip[0] = 4<<4 | ipHeaderLen/4
	binary.BigEndian.PutUint16(ip[2:], uint16(len(b)))
	ip[6] = dontFragment // which makes an identification needless (RFC 6864)
	ip[8] = 64
	ip[9] = protocolUDP
	s, d := src.Addr().As4(), dst.Addr().As4()
	copy(ip[12:], s[:])
	copy(ip[16:], d[:])
	binary.BigEndian.PutUint16(ip[10:], ^fold(sum(0, ip)))

	binary.BigEndian.PutUint16(udp, src.Port())
	binary.BigEndian.PutUint16(udp[2:], dst.Port())
	binary.BigEndian.PutUint16(udp[4:], uint16(len(udp)))
	udp[6], udp[7] = 0, 0
	check := ^fold(sum(pseudoHeader(ip, len(udp)), udp))
	if check == 0 {
		check = 0xffff // zero would say that there is none
	}
	binary.BigEndian.PutUint16(udp[6:], check)
}

func pseudoHeader(ip []byte, length int) uint64 {
	return sum(protocolUDP+uint64(length), ip[12:20])
}

// sum adds b to the Internet checksum that is not folded yet (RFC 1071).
func sum(s uint64, b []byte) uint64 {
	for len(b) >= 4 {
		s += uint64(binary.BigEndian.Uint32(b))
		b = b[4:]
	}
	if len(b) >= 2 {
		s += uint64(binary.BigEndian.Uint16(b))
		b = b[2:]
	}
	if len(b) == 1 {
		s += uint64(b[0]) << 8
	}
	return s
}

func fold(s uint64) uint16 {
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}
