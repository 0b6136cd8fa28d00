package class

import (
	"encoding/binary"
	"fmt"
	"iter"
	"math"

	"github.com/dhcpha/dhcpha/internal/option"
)

// vendorInfo is the code of the vendor-identifying vendor options (RFC 3925,
// section 4; RFC 9915, section 21.17).
func (p *parser) vendorInfo() uint16 {
	if p.defs.Family() == option.V6 {
		return 17
	}
	return 125
}

// vendor parses what follows the word vendor: the enterprise, existence or an
// option of the vendor-identifying vendor options.
func (p *parser) vendor() (value, error) {
	outer := p.message(p.vendorInfo())
	if p.is(".") {
		return p.enterprise(outer)
	}
	number, err := p.enterpriseID()
	if err != nil {
		return value{}, err
	}
	block := source{code: outer.code, inside: func(v []byte) []byte { return v }}
	block.def.Encapsulate = fmt.Sprintf("vendor-%d", number)
	block.get = func(pkt *Packet) ([]byte, bool) { return p.find(pkt, outer, number) }
	if p.is("option") {
		return p.path(block)
	}
	return p.exists(block)
}

// find returns what the instances of a vendor option carry of an enterprise, 0
// being any.
func (p *parser) find(pkt *Packet, outer source, number uint32) ([]byte, bool) {
	if pkt.Each == nil {
		v, _ := outer.get(pkt)
		return p.enterpriseBlock(v, number)
	}
	for v := range pkt.Each(outer.code) {
		if block, ok := p.enterpriseBlock(v, number); ok {
			return block, true
		}
	}
	return nil, false
}

// enterpriseBlock returns what a vendor option carries of an enterprise, 0
// being any. In DHCPv6 it is for one only; in DHCPv4 it is a list of numbers,
// each with a length and as many bytes behind it.
func (p *parser) enterpriseBlock(v []byte, number uint32) ([]byte, bool) {
	if p.defs.Family() == option.V6 {
		if len(v) < 4 || number != 0 && binary.BigEndian.Uint32(v) != number {
			return nil, false
		}
		return v[4:], true
	}
	for data := range enterprises4(v, number) {
		return data, true
	}
	return nil, false
}

// enterprises4 goes through what a DHCPv4 option carries of an enterprise, 0
// being any.
func enterprises4(v []byte, number uint32) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for len(v) >= 5 && len(v) >= 5+int(v[4]) {
			data := v[5 : 5+int(v[4])]
			if (number == 0 || binary.BigEndian.Uint32(v) == number) && !yield(data) {
				return
			}
			v = v[5+len(data):]
		}
	}
}

// vendorClass parses what follows the word vendor-class: the enterprise,
// existence or data of the vendor-identifying vendor class (DHCPv4 option 124,
// DHCPv6 option 16).
func (p *parser) vendorClass() (value, error) {
	outer := p.message(124)
	if p.defs.Family() == option.V6 {
		outer = p.message(16)
	}
	if p.is(".") {
		return p.enterprise(outer)
	}
	number, err := p.enterpriseID()
	if err != nil {
		return value{}, err
	}
	if !p.is("data") {
		class := outer
		class.get = func(pkt *Packet) ([]byte, bool) { return p.find(pkt, outer, number) }
		return p.exists(class)
	}
	if err := p.advance(); err != nil {
		return value{}, err
	}
	index := int64(0)
	if p.is("[") {
		if err := p.advance(); err != nil {
			return value{}, err
		}
		if index, err = p.number(0, math.MaxUint8); err != nil {
			return value{}, err
		}
		if err := p.expect("]"); err != nil {
			return value{}, err
		}
	}
	return value{text: func(pkt *Packet) (string, error) {
		return string(p.classData(pkt, outer, number, int(index))), nil
	}}, nil
}

// classData returns an item of a vendor class, the first being 0.
func (p *parser) classData(pkt *Packet, outer source, number uint32, index int) []byte {
	block, ok := p.find(pkt, outer, number)
	if !ok {
		return nil
	}
	if p.defs.Family() == option.V4 {
		v, _ := outer.get(pkt)
		for data := range enterprises4(v, number) {
			if index == 0 {
				return data
			}
			index--
		}
		return nil
	}
	for ; len(block) >= 2; index-- {
		n := 2 + int(binary.BigEndian.Uint16(block))
		if n > len(block) {
			return nil
		}
		if index == 0 {
			return block[2:n]
		}
		block = block[n:]
	}
	return nil
}

// enterprise parses .enterprise, the number of the first enterprise.
func (p *parser) enterprise(outer source) (value, error) {
	return value{text: func(pkt *Packet) (string, error) {
		v, ok := outer.get(pkt)
		if !ok || len(v) < 4 {
			return "", nil
		}
		return string(v[:4]), nil
	}}, p.expect(".", "enterprise")
}

// enterpriseID parses an enterprise number in brackets, and the dot behind it.
// Both * and 0 mean any.
func (p *parser) enterpriseID() (uint32, error) {
	if err := p.expect("["); err != nil {
		return 0, err
	}
	anyone, err := p.accept("*")
	if err != nil {
		return 0, err
	}
	var n int64
	if !anyone {
		if n, err = p.number(0, math.MaxUint32); err != nil {
			return 0, err
		}
	}
	return uint32(n), p.expect("]", ".")
}

func (p *parser) exists(s source) (value, error) {
	return value{cond: func(pkt *Packet) (bool, error) {
		_, ok := s.get(pkt)
		return ok, nil
	}}, p.expect("exists")
}
