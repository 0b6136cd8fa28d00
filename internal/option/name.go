package option

import (
	"errors"
	"fmt"
	"strconv"
)

// maxName is the longest domain name on the wire (RFC 1035, section 3.1).
const maxName = 255

// appendName appends a domain name in labels. The name ends at the root
// whether it is written with a dot at its end or not; a backslash stands before
// a dot within a label and before the three decimal digits of a byte.
func appendName(dst []byte, text string) ([]byte, error) {
	bad := func(why string) ([]byte, error) {
		return nil, fmt.Errorf("%q is not a domain name: %s", text, why)
	}
	if text == "" {
		return bad("it is empty")
	}
	if text == "." {
		return append(dst, 0), nil
	}
	start := len(dst)
	label := start // where the length of the current label stands
	dst = append(dst, 0)
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '.':
			n := len(dst) - label - 1
			if n == 0 {
				return bad("a label is empty")
			}
			dst[label] = byte(n)
			label = len(dst)
			dst = append(dst, 0)
			continue
		case c == '\\' && i+3 < len(text) && isDigit(text[i+1]):
			n, err := strconv.ParseUint(text[i+1:i+4], 10, 8)
			if err != nil {
				return bad("a backslash is not followed by three digits of a byte")
			}
			c = byte(n)
			i += 3
		case c == '\\':
			if i+1 == len(text) || isDigit(text[i+1]) {
				return bad("a backslash is not followed by a character or three digits")
			}
			i++
			c = text[i]
		}
		dst = append(dst, c)
		if len(dst)-label-1 > 63 {
			return bad("a label is longer than 63 bytes")
		}
	}
	if n := len(dst) - label - 1; n > 0 {
		dst[label] = byte(n)
		dst = append(dst, 0)
	}
	if len(dst)-start > maxName {
		return bad("it is longer than 255 bytes")
	}
	return dst, nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// nameLen returns how many bytes of b an uncompressed domain name takes.
func nameLen(b []byte) (int, error) {
	for n := 0; n < len(b) && n < maxName; {
		switch l := int(b[n]); {
		case l == 0:
			return n + 1, nil
		case l > 63:
			return 0, errors.New("a label of a domain name is longer than 63 bytes")
		default:
			n += 1 + l
		}
	}
	return 0, errors.New("a domain name has no end")
}

// expandNames returns a list of domain names without the pointers that
// compress it (RFC 3397, section 2, and RFC 1035, section 4.1.4).
func expandNames(b []byte) ([]byte, error) {
	var out []byte
	for at := 0; at < len(b); {
		next, start := 0, len(out)
		for n := at; ; {
			if n >= len(b) {
				return nil, errors.New("a domain name has no end")
			}
			l := int(b[n])
			if l >= 0xc0 {
				if n+1 >= len(b) {
					return nil, errors.New("a domain name ends within a pointer")
				}
				target := l&0x3f<<8 | int(b[n+1])
				if next == 0 {
					next = n + 2
				}
				// Only backwards: so that the names end.
				if target >= n {
					return nil, errors.New("a pointer in a domain name does not point backwards")
				}
				n = target
			} else {
				if l > 63 || n+1+l > len(b) {
					return nil, errors.New("a label of a domain name has no end")
				}
				out = append(out, b[n:n+1+l]...)
				n += 1 + l
			}
			if len(out)-start > maxName {
				return nil, errors.New("a domain name is longer than 255 bytes")
			}
			if l == 0 {
				if next == 0 {
					next = n
				}
				break
			}
		}
		at = next
	}
	return out, nil
}
