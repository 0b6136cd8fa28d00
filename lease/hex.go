package lease

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// appendHex appends b in the form 0a:1b:2c as a JSON string.
func appendHex(dst, b []byte) []byte {
	dst = append(dst, '"')
	for i := range b {
		if i > 0 {
			dst = append(dst, ':')
		}
		dst = hex.AppendEncode(dst, b[i:i+1])
	}
	return append(dst, '"')
}

// parseHex reads the forms in which Kea takes identifiers: bytes of one or two
// digits between colons or between spaces, or digits alone, with or without 0x
// in front.
func parseHex(s string) ([]byte, error) {
	switch {
	case strings.Contains(s, ":"):
		return parseColonHex(s, ":")
	case strings.Contains(s, " "):
		return parseColonHex(s, " ")
	}
	digits := strings.TrimPrefix(strings.TrimPrefix(s, "0x"), "0X")
	if len(digits)%2 != 0 {
		digits = "0" + digits
	}
	b, err := hex.DecodeString(digits)
	if err != nil {
		return nil, fmt.Errorf("'%s' is not a valid string of hexadecimal digits", s)
	}
	return b, nil
}

// parseColonHex reads bytes of one or two digits with a separator between.
func parseColonHex(s, separator string) ([]byte, error) {
	parts := strings.Split(s, separator)
	b := make([]byte, 0, len(parts))
	for _, part := range parts {
		if len(part) == 0 || len(part) > 2 {
			return nil, fmt.Errorf("invalid format of the decoded string '%s'", s)
		}
		var n byte
		for _, c := range []byte(part) {
			d := strings.IndexByte("0123456789abcdef", c|0x20)
			if c <= '9' {
				d = strings.IndexByte("0123456789", c)
			}
			if d < 0 {
				return nil, fmt.Errorf("'%c' is not a valid hexadecimal digit in decoded string '%s'", c, s)
			}
			n = n<<4 | byte(d)
		}
		b = append(b, n)
	}
	return b, nil
}
