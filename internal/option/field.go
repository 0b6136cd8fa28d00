package option

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// appendField appends the wire format of one field, given as text.
func (f Family) appendField(dst []byte, t Type, text string) ([]byte, error) {
	bad := func(expected string) ([]byte, error) {
		return nil, fmt.Errorf("%q is not %s", text, expected)
	}
	switch t {
	case Binary:
		b, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
		if err != nil {
			return bad("a string of pairs of hexadecimal digits")
		}
		return append(dst, b...), nil
	case Boolean:
		if n, err := strconv.Atoi(text); err == nil && (n == 0 || n == 1) {
			return append(dst, byte(n)), nil
		}
		switch {
		case strings.EqualFold(text, "true"):
			return append(dst, 1), nil
		case strings.EqualFold(text, "false"):
			return append(dst, 0), nil
		}
		return bad("a boolean (true, false, 1 or 0)")
	case Int8, Int16, Int32, Uint8, Uint16, Uint32:
		return appendInt(dst, t, text)
	case IPv4:
		a, err := netip.ParseAddr(text)
		if err != nil || !a.Is4() {
			return bad("an IPv4 address")
		}
		return append(dst, a.AsSlice()...), nil
	case IPv6:
		a, err := netip.ParseAddr(text)
		if err != nil || !a.Is6() || a.Zone() != "" {
			return bad("an IPv6 address")
		}
		return append(dst, a.AsSlice()...), nil
	case Prefix:
		p, err := netip.ParsePrefix(strings.Join(strings.Fields(text), ""))
		if err != nil || !p.Addr().Is6() {
			return bad("an IPv6 prefix (address/length)")
		}
		dst = append(dst, byte(p.Bits()))
		return append(dst, p.Masked().Addr().AsSlice()[:(p.Bits()+7)/8]...), nil
	case PSID:
		return appendPSID(dst, text)
	case String:
		return append(dst, strings.TrimRight(text, "\x00")...), nil // as when given in hexadecimal
	case Tuple:
		return f.appendTuple(dst, text)
	case FQDN:
		return appendName(dst, text)
	}
	return nil, fmt.Errorf("a field of type %s cannot be given as text", t)
}

// appendInt appends an integer, given in decimal or else in hexadecimal with or
// without 0x.
func appendInt(dst []byte, t Type, text string) ([]byte, error) {
	size, low, high := 1, int64(0), int64(0)
	switch t {
	case Int16, Uint16:
		size = 2
	case Int32, Uint32:
		size = 4
	}
	high = 1<<(8*size) - 1
	if t == Int8 || t == Int16 || t == Int32 {
		low, high = -1<<(8*size-1), 1<<(8*size-1)-1
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		digits := strings.TrimPrefix(strings.TrimPrefix(text, "0x"), "0X")
		n, err = strconv.ParseInt(digits, 16, 64)
	}
	if err != nil || n < low || n > high {
		return nil, fmt.Errorf("%q is not an integer from %d to %d", text, low, high)
	}
	b := binary.BigEndian.AppendUint64(nil, uint64(n))
	return append(dst, b[8-size:]...), nil
}

// appendPSID appends a port set identifier, given as value/length (RFC 7598,
// section 4.5: the value stands in the leftmost bits).
func appendPSID(dst []byte, text string) ([]byte, error) {
	value, length, ok := strings.Cut(strings.Join(strings.Fields(text), ""), "/")
	psid, err1 := strconv.ParseUint(value, 10, 16)
	bits, err2 := strconv.ParseUint(length, 10, 8)
	if !ok || err1 != nil || err2 != nil || bits > 16 || psid >= 1<<bits && bits > 0 {
		return nil, fmt.Errorf("%q is not a port set identifier (value/length, of at most 16 bits)", text)
	}
	dst = append(dst, byte(bits))
	return binary.BigEndian.AppendUint16(dst, uint16(psid<<(16-bits))), nil
}

// appendTuple appends a string behind its length.
func (f Family) appendTuple(dst []byte, text string) ([]byte, error) {
	if f == V4 {
		if len(text) > 255 {
			return nil, fmt.Errorf("a string of %d bytes is too long, expected at most 255", len(text))
		}
		return append(append(dst, byte(len(text))), text...), nil
	}
	if len(text) > 65535 {
		return nil, fmt.Errorf("a string of %d bytes is too long, expected at most 65535", len(text))
	}
	return append(binary.BigEndian.AppendUint16(dst, uint16(len(text))), text...), nil
}
