package class

import (
	"fmt"
	"net/netip"
	"strings"
)

// kind is what a token is.
type kind uint8

const (
	end     kind = iota + 1
	text         // 'text', without the quotes
	hexText      // 0xabcd
	integer      // 12 or -12
	address      // an IPv4 or IPv6 address
	word         // a keyword, or the name of an option
	symbol       // one of . ( ) [ ] , * + ==
)

type token struct {
	kind kind
	text string
	pos  int // offset in the expression
}

func (t token) String() string {
	switch t.kind {
	case end:
		return "the end"
	case text:
		return "'" + t.text + "'"
	}
	return t.text
}

// Error is a mistake in an expression.
type Error struct {
	Column int // of the first character that is wrong, from 1
	Text   string
}

func (e *Error) Error() string { return fmt.Sprintf("column %d: %s", e.Column, e.Text) }

// next returns the token that starts at or after an offset, and where the one
// after it may start.
func next(expr string, at int) (token, int, error) {
	for at < len(expr) && strings.IndexByte(" \t\n", expr[at]) >= 0 {
		at++
	}
	rest := expr[at:]
	if rest == "" {
		return token{end, "", at}, at, nil
	}
	// As in Kea, the longest token counts: fe80::1 is no word, 10.0.0.1 no
	// integer.
	best := token{pos: at}
	n := 0
	for _, scan := range []struct {
		kind kind
		len  func(string) int
	}{{symbol, symbolLen}, {text, textLen}, {integer, integerLen}, {hexText, hexLen}, {word, wordLen}, {address, addressLen}} {
		if l := scan.len(rest); l > n {
			n, best.kind, best.text = l, scan.kind, rest[:l]
		}
	}
	if best.kind == text {
		best.text = best.text[1 : n-1]
	}
	if best.kind == address {
		if _, err := netip.ParseAddr(best.text); err != nil {
			return token{}, 0, &Error{at + 1, fmt.Sprintf("%s is not an IP address", best.text)}
		}
	}
	if n == 0 {
		if rest[0] == '\'' {
			return token{}, 0, &Error{at + 1, "the text has no closing quote on its line"}
		}
		return token{}, 0, &Error{at + 1, fmt.Sprintf("%q is not part of an expression", []rune(rest)[0])}
	}
	return best, at + n, nil
}

func symbolLen(s string) int {
	if strings.HasPrefix(s, "==") {
		return 2
	}
	if strings.IndexByte(".()[],*+", s[0]) >= 0 {
		return 1
	}
	return 0
}

func textLen(s string) int {
	if s[0] != '\'' {
		return 0
	}
	if n := strings.IndexAny(s[1:], "'\n"); n >= 0 && s[1+n] == '\'' {
		return n + 2
	}
	return 0
}

func integerLen(s string) int {
	sign := 0
	if s[0] == '-' {
		sign = 1
	}
	if n := span(s[sign:], isDigit); n > 0 {
		return sign + n
	}
	return 0
}

func hexLen(s string) int {
	if len(s) < 3 || s[0] != '0' || s[1] != 'x' && s[1] != 'X' {
		return 0
	}
	if n := span(s[2:], isHex); n > 0 {
		return 2 + n
	}
	return 0
}

func wordLen(s string) int {
	if !isLetter(s[0]) {
		return 0
	}
	n := span(s, func(c byte) bool { return isLetter(c) || isDigit(c) || c == '-' || c == '_' })
	for s[n-1] == '-' || s[n-1] == '_' {
		n--
	}
	return n
}

// addressLen returns how much of s looks like an address: digits with three
// dots between them, or hexadecimal digits with at least two colons.
func addressLen(s string) int {
	if n := span(s, func(c byte) bool { return isDigit(c) || c == '.' }); strings.Count(s[:n], ".") >= 3 {
		return n
	}
	n := span(s, func(c byte) bool { return isHex(c) || c == ':' })
	if strings.Count(s[:n], ":") < 2 {
		return 0
	}
	return span(s, func(c byte) bool { return isHex(c) || c == ':' || c == '.' })
}

// span returns how many bytes at the start of s are of a sort.
func span(s string, is func(byte) bool) int {
	n := 0
	for n < len(s) && is(s[n]) {
		n++
	}
	return n
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isHex(c byte) bool    { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }
