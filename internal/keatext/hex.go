package keatext

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// AppendHex appends the octets of b in the form 0a:1b:2c.
func AppendHex(dst, b []byte) []byte {
	for i, v := range b {
		if i > 0 {
			dst = append(dst, ':')
		}
		dst = append(dst, hexDigits[v>>4], hexDigits[v&15])
	}
	return dst
}

// ParseHex reads the forms in which Kea takes identifiers: octets of one or two
// digits with colons or with spaces between them, or digits alone, with or
// without 0x in front. The texts of errors are Kea's.
func ParseHex(s string) ([]byte, error) {
	for _, separator := range []string{":", " "} {
		if strings.Contains(s, separator) {
			return parseOctets(s, separator)
		}
	}
	digits := strings.TrimPrefix(strings.TrimPrefix(s, "0x"), "0X")
	if len(digits)%2 == 1 {
		digits = "0" + digits
	}
	b, err := hex.DecodeString(digits)
	if err != nil {
		return nil, fmt.Errorf("'%s' is not a valid string of hexadecimal digits", s)
	}
	return b, nil
}

// ParseColonHex reads octets of one or two digits with colons between them, the
// form of hardware addresses and of lease files.
func ParseColonHex(s string) ([]byte, error) { return parseOctets(s, ":") }

func parseOctets(s, separator string) ([]byte, error) {
	b := make([]byte, 0, len(s)/2)
	for octet := range strings.SplitSeq(s, separator) {
		switch {
		case octet == "":
			return nil, fmt.Errorf("two consecutive separators ('%s') specified in a decoded string '%s'", separator, s)
		case len(octet) > 2:
			return nil, fmt.Errorf("invalid format of the decoded string '%s'", s)
		}
		var v byte
		for i := range len(octet) {
			d := strings.IndexByte(hexDigits, octet[i]|0x20)
			if octet[i] < '0' || d < 0 {
				return nil, fmt.Errorf("'%s' is not a valid hexadecimal digit in decoded string '%s'", octet[i:i+1], s)
			}
			v = v<<4 | byte(d)
		}
		b = append(b, v)
	}
	return b, nil
}
