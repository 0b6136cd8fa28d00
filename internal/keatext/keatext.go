// Package keatext is text as Kea writes and reads it: JSON, and octets in
// hexadecimal.
//
// Kea's JSON and that of others differ inside strings only. Kea's strings are bytes: it writes every
// byte outside printable ASCII as its own \u00XX, and reads \u00XX as that one
// byte; any other \u escape is a syntax error to it. UTF-8 text written by Kea
// looks like Latin-1 to a JSON parser, and text with \u2028 written by a JSON
// library cannot be read by Kea at all.
package keatext

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// ErrEscape is returned for a \u escape that Kea does not know.
var ErrEscape = errors.New(`\u escape of more than one byte`)

const hexDigits = "0123456789abcdef"

// Encode turns valid JSON into the form Kea writes: bytes outside printable
// ASCII escaped one by one, spaces inside brackets and after separators.
// Strings that are in Kea's form already stay as they are.
func Encode(src []byte) []byte {
	dst := make([]byte, 0, len(src)+len(src)/4)
	for i := 0; i < len(src); {
		switch c := src[i]; c {
		case '"':
			dst, i = encodeString(dst, src, i)
			continue
		case '{', '[', ':', ',':
			dst = append(dst, c, ' ')
		case '}', ']':
			dst = append(dst, ' ', c)
		case ' ', '\t', '\r', '\n':
		default:
			dst = append(dst, c)
		}
		i++
	}
	return dst
}

// encodeString appends the string literal that starts at src[i] and returns
// where it ends.
func encodeString(dst, src []byte, i int) ([]byte, int) {
	dst = append(dst, '"')
	for i++; i < len(src); {
		c := src[i]
		switch {
		case c == '"':
			return append(dst, '"'), i + 1
		case c == '\\' && i+1 < len(src) && src[i+1] != 'u':
			dst = append(dst, c, src[i+1])
			i += 2
		case c == '\\':
			r, n := escapedRune(src[i:])
			if r < 0x100 {
				dst = appendByte(dst, byte(r))
			} else {
				for _, b := range utf8.AppendRune(nil, r) {
					dst = appendByte(dst, b)
				}
			}
			i += n
		case c < 0x20 || c >= 0x7f:
			dst = appendByte(dst, c)
			i++
		default:
			dst = append(dst, c)
			i++
		}
	}
	return dst, i
}

func appendByte(dst []byte, b byte) []byte {
	return append(dst, '\\', 'u', '0', '0', hexDigits[b>>4], hexDigits[b&15])
}

// escapedRune reads the \uXXXX that src starts with, and its second half if it
// is a surrogate pair. It returns how many bytes that took.
func escapedRune(src []byte) (rune, int) {
	r, ok := hex4(src)
	if !ok {
		return utf8.RuneError, min(len(src), 2)
	}
	if utf16.IsSurrogate(r) {
		if low, ok := hex4(src[6:]); ok {
			if whole := utf16.DecodeRune(r, low); whole != utf8.RuneError {
				return whole, 12
			}
		}
		return utf8.RuneError, 6
	}
	return r, 6
}

// hex4 reads the \uXXXX that src starts with.
func hex4(src []byte) (rune, bool) {
	if len(src) < 6 || src[0] != '\\' || src[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range src[2:6] {
		d := strings.IndexByte(hexDigits, c|0x20)
		if c <= '9' {
			d = strings.IndexByte(hexDigits, c)
		}
		if d < 0 {
			return 0, false
		}
		r = r<<4 | rune(d)
	}
	return r, true
}

// Decode turns JSON in Kea's form into JSON whose strings hold the bytes
// themselves. The bytes need not be valid UTF-8: Unquote keeps them, a JSON
// library replaces what is not. src is not changed, but may be returned.
func Decode(src []byte) ([]byte, error) {
	if !bytes.Contains(src, []byte(`\u`)) {
		return src, nil
	}
	dst := make([]byte, 0, len(src))
	for i := 0; i < len(src); {
		if src[i] != '\\' || i+1 == len(src) {
			dst = append(dst, src[i])
			i++
			continue
		}
		if src[i+1] != 'u' {
			dst = append(dst, src[i], src[i+1])
			i += 2
			continue
		}
		r, ok := hex4(src[i:])
		if !ok || r > 0xff {
			return nil, ErrEscape
		}
		if r < 0x80 { // the escape means the same to everybody
			dst = append(dst, src[i:i+6]...)
		} else {
			dst = append(dst, byte(r))
		}
		i += 6
	}
	return dst, nil
}

// Unquote returns the bytes of a string literal in Kea's form or in that of
// Decode. It says false if raw is not a string literal.
func Unquote(raw []byte) (string, bool) {
	raw = bytes.TrimSpace(raw)
	if len(raw) < 2 || raw[0] != '"' || raw[len(raw)-1] != '"' {
		return "", false
	}
	raw = raw[1 : len(raw)-1]
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw), bytes.IndexByte(raw, '"') < 0
	}
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if c == '"' {
			return "", false
		}
		if c != '\\' {
			out = append(out, c)
			continue
		}
		i++
		if i == len(raw) {
			return "", false
		}
		switch c := raw[i]; c {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case '"', '\\', '/':
			out = append(out, c)
		case 'u':
			r, ok := hex4(raw[i-1:])
			if !ok || r > 0xff {
				return "", false
			}
			out = append(out, byte(r))
			i += 4
		default:
			return "", false
		}
	}
	return string(out), true
}

// Quote appends s as a string literal in Kea's form.
func Quote(dst []byte, s string) []byte {
	dst = append(dst, '"')
	plain := 0 // what of s stays as it is and has not been appended begins there
	for i := range len(s) {
		c := s[i]
		if c != '"' && c != '\\' && c >= 0x20 && c < 0x7f {
			continue
		}
		dst = append(dst, s[plain:i]...)
		plain = i + 1
		if c == '"' || c == '\\' {
			dst = append(dst, '\\', c)
		} else {
			dst = appendByte(dst, c)
		}
	}
	dst = append(dst, s[plain:]...)
	return append(dst, '"')
}
