package dhcp4

import (
	"encoding/binary"
	"fmt"
	"net"
	"slices"

	"github.com/insomniacslk/dhcp/dhcpv4"
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
// others, and the relay agent's last (RFC 3046, section 2.1). What does not
// fit goes into the file and sname fields if these are unused, and what does
// not fit there either is left out: omitted are the codes of these.
func appendMessage(b []byte, m *dhcpv4.DHCPv4, requested []byte, limit int) (_ []byte, omitted []uint8, err error) {
	start := len(b)
	b = slices.Grow(b, max(limit, minBOOTP)) // it must not move: fields are filled in late
	b, err = appendFixed(b, m)
	if err != nil {
		return nil, nil, err
	}
	var scratch [64]uint8
	order := optionOrder(scratch[:0], m.Options, requested)
	relay := 0
	relayInfo, relayed := m.Options[uint8(dhcpv4.OptionRelayAgentInformation)]
	if relayed {
		relay = optionLen(relayInfo)
	}
	if mandatory := optionLen(m.Options[uint8(dhcpv4.OptionDHCPMessageType)]); relayed && offsetOptions+mandatory+relay+1 > limit {
		// RFC 3046, section 2.2: a reply goes without it rather than not at all.
		omitted = append(omitted, uint8(dhcpv4.OptionRelayAgentInformation))
		relay, relayed = 0, false
	}
	need := 0
	for _, code := range order {
		need += optionLen(m.Options[code])
	}
	room := limit - offsetOptions - relay - 1 // End
	if need <= room {
		for _, code := range order {
			b = appendOption(b, code, m.Options[code])
		}
	} else {
		var left []uint8
		b, left = appendOverloaded(b, start, room, m, order)
		omitted = append(omitted, left...)
	}
	if relayed {
		b = appendOption(b, uint8(dhcpv4.OptionRelayAgentInformation), relayInfo)
	}
	b = append(b, uint8(dhcpv4.OptionEnd))
	for len(b)-start < minBOOTP {
		b = append(b, 0)
	}
	return b, omitted, nil
}

// appendFixed appends everything before the options to b, which has room.
func appendFixed(b []byte, m *dhcpv4.DHCPv4) ([]byte, error) {
	switch {
	case len(m.ClientHWAddr) > maxHWLen:
		return nil, fmt.Errorf("dhcp4: hardware address of %d bytes, at most %d", len(m.ClientHWAddr), maxHWLen)
	case len(m.ServerHostName) >= offsetFile-offsetSName:
		return nil, fmt.Errorf("dhcp4: server host name of %d bytes, at most %d", len(m.ServerHostName), offsetFile-offsetSName-1)
	case len(m.BootFileName) >= offsetCookie-offsetFile:
		return nil, fmt.Errorf("dhcp4: boot file name of %d bytes, at most %d", len(m.BootFileName), offsetCookie-offsetFile-1)
	}
	start := len(b)
	b = b[:start+offsetOptions]
	f := b[start:]
	clear(f)
	f[offsetOp] = byte(m.OpCode)
	f[offsetHWType] = byte(m.HWType)
	f[offsetHWLen] = byte(len(m.ClientHWAddr))
	f[offsetHops] = m.HopCount
	copy(f[offsetXID:], m.TransactionID[:])
	binary.BigEndian.PutUint16(f[offsetSecs:], m.NumSeconds)
	binary.BigEndian.PutUint16(f[offsetFlags:], m.Flags)
	for _, a := range [...]struct {
		name   string
		offset int
		ip     net.IP
	}{
		{"ciaddr", offsetCIAddr, m.ClientIPAddr},
		{"yiaddr", offsetYIAddr, m.YourIPAddr},
		{"siaddr", offsetSIAddr, m.ServerIPAddr},
		{"giaddr", offsetGIAddr, m.GatewayIPAddr},
	} {
		ip4 := a.ip.To4()
		if ip4 == nil && a.ip != nil {
			return nil, fmt.Errorf("dhcp4: %s is not an IPv4 address: %v", a.name, a.ip)
		}
		copy(f[a.offset:], ip4)
	}
	copy(f[offsetCHAddr:], m.ClientHWAddr)
	copy(f[offsetSName:], m.ServerHostName)
	copy(f[offsetFile:], m.BootFileName)
	binary.BigEndian.PutUint32(f[offsetCookie:], cookie)
	return b, nil
}

// optionOrder appends the codes in the order of the wire, but for what frames
// the options (pad, end, overload) and the relay agent information.
func optionOrder(order []uint8, opts dhcpv4.Options, requested []byte) []uint8 {
	var done [256]bool
	for _, code := range [...]dhcpv4.OptionCode{dhcpv4.OptionPad, dhcpv4.OptionEnd, dhcpv4.OptionOptionOverload, dhcpv4.OptionRelayAgentInformation} {
		done[code.Code()] = true
	}
	add := func(code uint8) {
		if _, ok := opts[code]; ok && !done[code] {
			done[code] = true
			order = append(order, code)
		}
	}
	add(uint8(dhcpv4.OptionDHCPMessageType))
	add(uint8(dhcpv4.OptionServerIdentifier))
	add(uint8(dhcpv4.OptionIPAddressLeaseTime))
	for _, code := range requested {
		add(code)
	}
	others := len(order)
	for code := range opts {
		add(code)
	}
	slices.Sort(order[others:])
	return order
}

// appendOverloaded appends the options that fit into room, less the overload
// option, and puts others into the fields for which that option then speaks.
// An option is never torn apart between fields: many clients do not join
// them.
func appendOverloaded(b []byte, start, room int, m *dhcpv4.DHCPv4, order []uint8) (_ []byte, omitted []uint8) {
	const overloadLen = 3
	room -= overloadLen
	type field struct {
		bytes []byte // what is free of it
		bit   uint8
	}
	var fields []field
	if m.BootFileName == "" {
		fields = append(fields, field{b[start+offsetFile : start+offsetCookie], overloadFile})
	}
	if m.ServerHostName == "" {
		fields = append(fields, field{b[start+offsetSName : start+offsetFile], overloadSName})
	}
	var overload uint8
next:
	for _, code := range order {
		value := m.Options[code]
		n := optionLen(value)
		if n <= room {
			b = appendOption(b, code, value)
			room -= n
			continue
		}
		for i := range fields {
			f := &fields[i]
			if n >= len(f.bytes) { // one byte for End
				continue
			}
			appendOption(f.bytes[:0], code, value)
			f.bytes = f.bytes[n:]
			f.bytes[0] = uint8(dhcpv4.OptionEnd)
			overload |= f.bit
			continue next
		}
		omitted = append(omitted, code)
	}
	if overload != 0 {
		b = append(b, uint8(dhcpv4.OptionOptionOverload), 1, overload)
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
func appendOption(b []byte, code uint8, value []byte) []byte {
	for {
		n := min(len(value), 255)
		b = append(b, code, byte(n))
		b = append(b, value[:n]...)
		if value = value[n:]; len(value) == 0 {
			return b
		}
	}
}
