package dhcp4

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
)

const (
	headersLen = 20 + 8 // IPv4 and UDP
	maxMessage = 2000   // the longest message that is received or sent; Ethernet carries 1,472 bytes
	minBOOTP   = 300    // RFC 1542, section 2.1: what BOOTP clients and relay agents expect at least
	minMaximum = 576    // RFC 2132, section 9.10: the least that a client must take, headers included
)

// maxLength is how long a message may be for a client that takes datagrams of
// this size, over a link of this MTU.
func maxLength(size, mtu int) int {
	if mtu >= minMaximum {
		size = min(size, mtu)
	}
	return min(size-headersLen, maxMessage)
}

// appendMessage appends m in wire form to b, at most limit bytes of it.
// Options come in the order in which a client needs them: type, server
// identifier and lease time, then what it requested in its order of
// preference (RFC 2131, section 4.3.1 and RFC 2132, section 9.8), then the
// others, and the relay agent's last (RFC 3046, section 2.2). What does not
// fit goes into the file and sname fields if these are unused, and what does
// not fit there either is left out: omitted are the codes of these.
func appendMessage(b []byte, m *message, requested []byte, limit int) (_ []byte, omitted []uint8, err error) {
	start := len(b)
	b = slices.Grow(b, max(limit, minBOOTP)) // it must not move: fields are filled in late
	b, err = appendFixed(b, m)
	if err != nil {
		return nil, nil, err
	}
	var scratch [64]option4
	order := optionOrder(scratch[:0], &m.options, requested)
	relay := 0
	relayInfo, relayed := m.options.get(optRelayInfo)
	if relayed {
		relay = optionLen(relayInfo)
	}
	if mandatory := optionLen(m.options.value(optMessageType)); relayed && offsetOptions+mandatory+relay+1 > limit {
		// RFC 3046, section 2.2: a reply goes without it rather than not at all.
		omitted = append(omitted, optRelayInfo)
		relay, relayed = 0, false
	}
	need := 0
	for i := range order {
		need += optionLen(order[i].value)
	}
	room := limit - offsetOptions - relay - 1 // End
	if need <= room {
		for i := range order {
			b = appendOption(b, &order[i])
		}
	} else {
		var left []uint8
		b, left = appendOverloaded(b, start, room, m, order)
		omitted = append(omitted, left...)
	}
	if relayed {
		b = appendOption(b, &option4{optRelayInfo, relayInfo})
	}
	b = append(b, optEnd)
	for len(b)-start < minBOOTP {
		b = append(b, 0)
	}
	return b, omitted, nil
}

// appendFixed appends everything before the options to b, which has room.
func appendFixed(b []byte, m *message) ([]byte, error) {
	switch {
	case len(m.chaddr) > maxHWLen:
		return nil, fmt.Errorf("dhcp4: hardware address of %d bytes, at most %d", len(m.chaddr), maxHWLen)
	case len(m.sname) >= offsetFile-offsetSName:
		return nil, fmt.Errorf("dhcp4: server host name of %d bytes, at most %d", len(m.sname), offsetFile-offsetSName-1)
	case len(m.file) >= offsetCookie-offsetFile:
		return nil, fmt.Errorf("dhcp4: boot file name of %d bytes, at most %d", len(m.file), offsetCookie-offsetFile-1)
	}
	start := len(b)
	b = b[:start+offsetOptions]
	f := b[start:]
	clear(f)
	f[offsetOp], f[offsetHWType], f[offsetHWLen], f[offsetHops] = m.op, m.hwType, byte(len(m.chaddr)), m.hops
	copy(f[offsetXID:], m.xid[:])
	binary.BigEndian.PutUint16(f[offsetSecs:], m.secs)
	binary.BigEndian.PutUint16(f[offsetFlags:], m.flags)
	*(*[4]byte)(f[offsetCIAddr:]) = as4(m.ciaddr)
	*(*[4]byte)(f[offsetYIAddr:]) = as4(m.yiaddr)
	*(*[4]byte)(f[offsetSIAddr:]) = as4(m.siaddr)
	*(*[4]byte)(f[offsetGIAddr:]) = as4(m.giaddr)
	copy(f[offsetCHAddr:], m.chaddr)
	copy(f[offsetSName:], m.sname)
	copy(f[offsetFile:], m.file)
	binary.BigEndian.PutUint32(f[offsetCookie:], cookie)
	return b, nil
}

// optionOrder appends the options in the order of the wire, but for the
// overload option, which is the encoding's own, and the relay agent information.
func optionOrder(order []option4, opts *optionSet, requested []byte) []option4 {
	var left [4]uint64 // bits of the codes that are not in order yet
	for i := range opts.list {
		code := opts.list[i].code
		left[code/64] |= 1 << (code % 64)
	}
	done := func(code uint8) { left[code/64] &^= 1 << (code % 64) }
	add := func(code uint8) {
		if left[code/64]&(1<<(code%64)) != 0 {
			done(code)
			order = append(order, opts.list[opts.at[code]-1])
		}
	}
	done(optOverload)
	done(optRelayInfo)
	add(optMessageType)
	add(optServerID)
	add(optLeaseTime)
	for _, code := range requested {
		add(code)
	}
	for i := range left {
		for left[i] != 0 {
			add(uint8(i*64 + bits.TrailingZeros64(left[i])))
		}
	}
	return order
}

// appendOverloaded appends the options that fit into room, less the overload
// option, and puts others into the fields for which that option then speaks.
// An option is never torn apart between fields: many clients do not join
// them.
func appendOverloaded(b []byte, start, room int, m *message, order []option4) (_ []byte, omitted []uint8) {
	const overloadLen = 3
	room -= overloadLen
	type field struct {
		bytes []byte // what is free of it
		bit   uint8
	}
	var fields []field
	if len(m.file) == 0 {
		fields = append(fields, field{b[start+offsetFile : start+offsetCookie], overloadFile})
	}
	if len(m.sname) == 0 {
		fields = append(fields, field{b[start+offsetSName : start+offsetFile], overloadSName})
	}
	var overload uint8
next:
	for j := range order {
		o := &order[j]
		n := optionLen(o.value)
		if n <= room {
			b = appendOption(b, o)
			room -= n
			continue
		}
		for i := range fields {
			f := &fields[i]
			if n >= len(f.bytes) { // one byte for End
				continue
			}
			appendOption(f.bytes[:0], o)
			f.bytes = f.bytes[n:]
			f.bytes[0] = optEnd
			overload |= f.bit
			continue next
		}
		omitted = append(omitted, o.code)
	}
	if overload != 0 {
		b = append(b, optOverload, 1, overload)
	}
	return b, omitted
}

// optionLen is the length of an option on the wire.
func optionLen(value []byte) int {
	parts := max(1, (len(value)+254)/255)
	return len(value) + 2*parts
}

// appendOption appends an option, in parts if it is longer than one can be
// (RFC 3396).
func appendOption(b []byte, o *option4) []byte {
	for value := o.value; ; {
		n := min(len(value), 255)
		b = append(b, o.code, byte(n))
		b = append(b, value[:n]...)
		if value = value[n:]; len(value) == 0 {
			return b
		}
	}
}
