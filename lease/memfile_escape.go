package lease

import (
	"encoding/hex"
	"strings"
)

// Lease files have no quotes: a comma within a value is written as &#x2c.
const escape = "&#x"

// appendEscaped escapes all that the newest Kea escapes: commas, ampersands and
// what is not printable ASCII. Every Kea reads all of it.
func appendEscaped(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c == ',' || c == '&' || c < 0x20 || c > 0x7e {
			b = append(b, escape...)
			b = hex.AppendEncode(b, []byte{c})
		} else {
			b = append(b, c)
		}
	}
	return b
}

// unescape leaves what looks like an escape and is none as it is.
func unescape(s string) string {
	before, rest, found := strings.Cut(s, escape)
	if !found {
		return s
	}
	b := []byte(before)
	for found {
		if c, err := hex.DecodeString(rest[:min(2, len(rest))]); err == nil && len(c) == 1 {
			b = append(b, c[0])
			rest = rest[2:]
		} else {
			b = append(b, escape...)
		}
		before, rest, found = strings.Cut(rest, escape)
		b = append(b, before...)
	}
	return string(b)
}
