package class

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"net/netip"
)

// primary parses what operators stand between.
func (p *parser) primary() (value, error) {
	if err := p.enter(); err != nil {
		return value{}, err
	}
	defer p.leave()
	t := p.tok
	switch t.kind {
	case text:
		return constant(t.text), p.advance()
	case hexText:
		digits := t.text[2:]
		if len(digits)%2 != 0 {
			digits = "0" + digits
		}
		b, err := hex.DecodeString(digits)
		if err != nil {
			return value{}, p.errorf(t, "%s is not hexadecimal", t)
		}
		return constant(string(b)), p.advance()
	case integer:
		n, err := p.number(0, math.MaxUint32)
		return constant(uint32Text(uint32(n))), err
	case address:
		a, err := netip.ParseAddr(t.text)
		if err != nil {
			return value{}, p.errorf(t, "%s is not an IP address", t)
		}
		return constant(string(a.AsSlice())), p.advance()
	case symbol:
		if p.is("(") {
			return p.parentheses()
		}
	case word:
		return p.word()
	}
	return value{}, p.unexpected("a value or a condition")
}

func (p *parser) parentheses() (value, error) {
	if err := p.advance(); err != nil {
		return value{}, err
	}
	v, err := p.or()
	if err != nil {
		return value{}, err
	}
	return v, p.expect(")")
}

// word parses what starts with a keyword.
func (p *parser) word() (value, error) {
	t := p.tok
	if err := p.advance(); err != nil {
		return value{}, err
	}
	switch t.text {
	case "option":
		return p.option()
	case "relay4":
		return p.relay4(t)
	case "relay6":
		return p.relay6(t)
	case "vendor":
		return p.vendor()
	case "vendor-class":
		return p.vendorClass()
	case "pkt", "pkt4", "pkt6":
		return p.packetField(t)
	case "member":
		return p.member()
	case "match":
		return p.match()
	}
	return p.function(t)
}

func constant(s string) value {
	return value{text: func(*Packet) (string, error) { return s, nil }}
}

func uint32Text(n uint32) string { return string(binary.BigEndian.AppendUint32(nil, n)) }

func (p *parser) member() (value, error) {
	if err := p.expect("("); err != nil {
		return value{}, err
	}
	t, err := p.take(text, "the name of a class in quotes")
	if err != nil {
		return value{}, err
	}
	p.classes = append(p.classes, t.text)
	return value{
		judge: func(member func(string) Truth) Truth { return member(t.text) },
		cond: func(pkt *Packet) (bool, error) {
			return pkt.Member != nil && pkt.Member(t.text), nil
		},
	}, p.expect(")")
}
