package class

import (
	"fmt"
	"strings"

	"github.com/dhcpha/dhcpha/internal/option"
)

// source is where the value of an option is found.
type source struct {
	code uint16
	def  option.Def // zero if the option has no definition
	get  func(*Packet) ([]byte, bool)
	// inside returns the sub-options within the value.
	inside func(value []byte) []byte
}

// source makes the source of an option.
func (p *parser) source(def option.Def, code uint16, get func(*Packet) ([]byte, bool)) source {
	s := source{code: code, def: def, get: get}
	s.inside = func(value []byte) []byte { return p.defs.Family().Inside(&s.def, value) }
	if def.Type == option.String {
		// As in Kea: zeros at the end do not count, and an empty string is none.
		s.get = func(pkt *Packet) ([]byte, bool) {
			v, ok := get(pkt)
			v = trimZeros(v)
			return v, ok && len(v) > 0
		}
	}
	return s
}

func trimZeros(b []byte) []byte {
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	return b
}

// message makes the source of an option of the message itself.
func (p *parser) message(code uint16) source {
	def, _ := p.defs.ByCode("", code)
	s := p.source(def, code, func(pkt *Packet) ([]byte, bool) {
		if pkt.Option == nil {
			return nil, false
		}
		return pkt.Option(code)
	})
	if code == p.vendorInfo() {
		s.inside = func(value []byte) []byte {
			block, _ := p.enterpriseBlock(value, 0)
			return block
		}
	}
	return s
}

// sub makes the source of an option within another.
func (p *parser) sub(outer source, code uint16) source {
	var def option.Def
	if outer.def.Encapsulate != "" {
		def, _ = p.defs.ByCode(outer.def.Encapsulate, code)
	}
	family := p.defs.Family()
	return p.source(def, code, func(pkt *Packet) ([]byte, bool) {
		value, ok := outer.get(pkt)
		if !ok {
			return nil, false
		}
		for c, v := range family.Suboptions(outer.inside(value)) {
			if c == code {
				return v, true
			}
		}
		return nil, false
	})
}

// option parses what follows the word option.
func (p *parser) option() (value, error) {
	if err := p.expect("["); err != nil {
		return value{}, err
	}
	code, err := p.codeOrName()
	if err != nil {
		return value{}, err
	}
	if err := p.expect("]", "."); err != nil {
		return value{}, err
	}
	return p.path(p.message(code))
}

// path parses further steps to a sub-option, and what of it is wanted.
func (p *parser) path(s source) (value, error) {
	for p.is("option") {
		if err := p.expect("option", "["); err != nil {
			return value{}, err
		}
		code, err := p.code()
		if err != nil {
			return value{}, err
		}
		if err := p.expect("]", "."); err != nil {
			return value{}, err
		}
		s = p.sub(s, code)
	}
	return p.representation(s)
}

// representation parses which form of an option is wanted.
func (p *parser) representation(s source) (value, error) {
	t, err := p.take(word, "option, hex, text or exists")
	if err != nil {
		return value{}, err
	}
	switch t.text {
	case "hex":
		return value{text: func(pkt *Packet) (string, error) {
			v, _ := s.get(pkt)
			return string(v), nil
		}}, nil
	case "text":
		family := p.defs.Family()
		return value{text: func(pkt *Packet) (string, error) {
			v, ok := s.get(pkt)
			if !ok || s.def.Type == option.String {
				return string(v), nil
			}
			return describe(family, s.code, v), nil
		}}, nil
	case "exists":
		return value{cond: func(pkt *Packet) (bool, error) {
			_, ok := s.get(pkt)
			return ok, nil
		}}, nil
	}
	return value{}, p.errorf(t, "%s, expected option, hex, text or exists", t)
}

// describe is the text of an option that is no string. Kea has a form of its
// own for each type; ours is the one that it has for bytes.
func describe(f option.Family, code uint16, v []byte) string {
	width := 3
	if f == option.V6 {
		width = 5
	}
	return fmt.Sprintf("type=%0*d, len=%0*d: %s", width, code, width, len(v), strings.ReplaceAll(fmt.Sprintf("% x", v), " ", ":"))
}

// codeOrName passes over the code or name of an option of the message.
func (p *parser) codeOrName() (uint16, error) {
	if p.tok.kind != word {
		return p.code()
	}
	t, err := p.take(word, "a code or name")
	if err != nil {
		return 0, err
	}
	def, ok := p.defs.ByName("", t.text)
	if !ok {
		return 0, p.errorf(t, "no option has the name %s", t)
	}
	return def.Code, nil
}

func (p *parser) code() (uint16, error) {
	highest := int64(255)
	if p.defs.Family() == option.V6 {
		highest = 65535
	}
	n, err := p.number(0, highest)
	return uint16(n), err
}
