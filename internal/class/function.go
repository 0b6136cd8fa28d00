package class

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
)

// function parses a function's arguments; t is its name.
func (p *parser) function(t token) (value, error) {
	var convert func(string) (string, error)
	switch t.text {
	case "substring", "split", "concat", "hexstring", "ifelse", "sifelse":
	case "lcase":
		convert = func(s string) (string, error) { return mapASCII(s, 'A', 'Z'), nil }
	case "ucase":
		convert = func(s string) (string, error) { return mapASCII(s, 'a', 'z'), nil }
	case "addrtotext":
		convert = addressToText
	case "int8totext", "int16totext", "int32totext", "uint8totext", "uint16totext", "uint32totext":
		convert = integerToText(t.text)
	default:
		return value{}, p.errorf(t, "%s is no keyword of an expression", t)
	}
	if err := p.expect("("); err != nil {
		return value{}, err
	}
	v, err := p.call(t.text, convert)
	if err != nil {
		return value{}, err
	}
	return value{text: v}, p.expect(")")
}

// call parses the arguments between the parentheses.
func (p *parser) call(name string, convert func(string) (string, error)) (textFunc, error) {
	if name == "ifelse" || name == "sifelse" {
		return p.ifelse()
	}
	first, err := p.textArg()
	if err != nil {
		return nil, err
	}
	switch name {
	case "concat":
		second, err := p.secondArg()
		return concat(first, second), err
	case "hexstring":
		second, err := p.secondArg()
		return hexstring(first, second), err
	case "substring":
		start, length, err := p.substringArgs()
		return substring(first, start, length), err
	case "split":
		separators, err := p.secondArg()
		if err != nil {
			return nil, err
		}
		if err := p.expect(","); err != nil {
			return nil, err
		}
		field, err := p.number(math.MinInt32, math.MaxInt32)
		return split(first, separators, field), err
	}
	return func(pkt *Packet) (string, error) {
		s, err := first(pkt)
		if s == "" || err != nil {
			return "", err
		}
		return convert(s)
	}, nil
}

func (p *parser) secondArg() (textFunc, error) {
	if err := p.expect(","); err != nil {
		return nil, err
	}
	return p.textArg()
}

func (p *parser) ifelse() (textFunc, error) {
	which, err := p.condArg()
	if err != nil {
		return nil, err
	}
	yes, err := p.secondArg()
	if err != nil {
		return nil, err
	}
	no, err := p.secondArg()
	if err != nil {
		return nil, err
	}
	return func(pkt *Packet) (string, error) {
		ok, err := which.cond(pkt)
		if err != nil {
			return "", err
		}
		if ok {
			return yes(pkt)
		}
		return no(pkt)
	}, nil
}

// substringArgs are the position and length in substring(text, position,
// length).
func (p *parser) substringArgs() (start, length int64, err error) {
	if err = p.expect(","); err != nil {
		return 0, 0, err
	}
	if start, err = p.number(math.MinInt32, math.MaxInt32); err != nil {
		return 0, 0, err
	}
	if err = p.expect(","); err != nil {
		return 0, 0, err
	}
	all, err := p.accept("all")
	if all || err != nil {
		return start, math.MaxInt32, err
	}
	if p.tok.kind != integer {
		return 0, 0, p.unexpected("an integer or all")
	}
	length, err = p.number(math.MinInt32, math.MaxInt32)
	return start, length, err
}

// substring returns bytes of s. A negative start counts from the end; a
// negative length takes what stands before the start.
func substring(s textFunc, start, length int64) textFunc {
	return func(pkt *Packet) (string, error) {
		s, err := s(pkt)
		if err != nil {
			return "", err
		}
		size, from := int64(len(s)), start
		if from < 0 {
			from += size
		}
		if from < 0 || from >= size {
			return "", nil
		}
		if length < 0 {
			return s[max(from+length, 0):from], nil
		}
		return s[from:min(from+length, size)], nil
	}
}

// split returns a field of s, the first being 1, between any of the bytes of
// separators.
func split(s, separators textFunc, field int64) textFunc {
	return func(pkt *Packet) (string, error) {
		s, err := s(pkt)
		if err != nil {
			return "", err
		}
		sep, err := separators(pkt)
		if err != nil || sep == "" {
			return s, err
		}
		for n := int64(1); ; n++ {
			i := 0
			for i < len(s) && strings.IndexByte(sep, s[i]) < 0 {
				i++
			}
			if n == field {
				return s[:i], nil
			}
			if i == len(s) {
				return "", nil
			}
			s = s[i+1:]
		}
	}
}

func hexstring(s, separator textFunc) textFunc {
	return func(pkt *Packet) (string, error) {
		s, err := s(pkt)
		if err != nil {
			return "", err
		}
		sep, err := separator(pkt)
		if err != nil {
			return "", err
		}
		if len(s)*(2+len(sep)) > maxText {
			return "", errTooLong
		}
		var b strings.Builder
		for i := range len(s) {
			if i > 0 {
				b.WriteString(sep)
			}
			b.WriteString(hex.EncodeToString([]byte{s[i]}))
		}
		return b.String(), nil
	}
}

// mapASCII changes the case of ASCII letters in a range.
func mapASCII(s string, low, high byte) string {
	b := []byte(s)
	for i, c := range b {
		if low <= c && c <= high {
			b[i] = c ^ 0x20
		}
	}
	return string(b)
}

func addressToText(s string) (string, error) {
	a, ok := netip.AddrFromSlice([]byte(s))
	if !ok {
		return "", fmt.Errorf("addrtotext: %s is not 4 or 16 bytes of an address", quote(s))
	}
	return a.String(), nil
}

// integerToText returns a function such as int8totext.
func integerToText(name string) func(string) (string, error) {
	digits := strings.TrimLeft(strings.TrimSuffix(name, "totext"), "uint")
	bits, _ := strconv.Atoi(digits)
	signed := name[0] == 'i'
	return func(s string) (string, error) {
		if len(s)*8 != bits {
			return "", fmt.Errorf("%s: %s is not %d bytes", name, quote(s), bits/8)
		}
		var b [8]byte
		copy(b[:], s)
		n := binary.BigEndian.Uint64(b[:])
		if signed {
			return strconv.FormatInt(int64(n)>>(64-bits), 10), nil
		}
		return strconv.FormatUint(n>>(64-bits), 10), nil
	}
}

// quote shows bytes in an error.
func quote(s string) string {
	if len(s) > 32 {
		s = s[:32]
	}
	return strconv.Quote(s)
}
