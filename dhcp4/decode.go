package dhcp4

import (
	"bytes"
	"encoding/binary"
	"errors"
	"iter"
	"net/netip"
)

// Values of option 52 (RFC 2132, section 9.3).
const (
	overloadFile  = 1
	overloadSName = 2
)

var errOptions = errors.New("dhcp4: option runs beyond its field")

// options walks over a field of options up to its end. A nil value, which is
// the last, stands for an option that runs beyond the field. A missing End
// option is forgiven, as Kea does.
func options(field []byte) iter.Seq2[uint8, []byte] {
	return func(yield func(uint8, []byte) bool) {
		for len(field) > 0 {
			code := field[0]
			switch code {
			case optPad:
				field = field[1:]
				continue
			case optEnd:
				return
			}
			if len(field) < 2 || len(field) < 2+int(field[1]) {
				yield(code, nil)
				return
			}
			end := 2 + int(field[1])
			if !yield(code, field[2:end:end]) {
				return
			}
			field = field[end:]
		}
	}
}

// decode takes a message apart that accept has let pass. What it has are parts
// of b from then on. Unlike the library's decoder it follows option overload
// (RFC 2131, section 4.1).
func (m *message) decode(b []byte) error {
	m.op, m.hwType, m.hops = b[offsetOp], b[offsetHWType], b[offsetHops]
	m.xid = [4]byte(b[offsetXID:])
	m.secs, m.flags = binary.BigEndian.Uint16(b[offsetSecs:]), binary.BigEndian.Uint16(b[offsetFlags:])
	m.ciaddr, m.yiaddr = addressAt(b, offsetCIAddr), addressAt(b, offsetYIAddr)
	m.siaddr, m.giaddr = addressAt(b, offsetSIAddr), addressAt(b, offsetGIAddr)
	m.chaddr = b[offsetCHAddr : offsetCHAddr+int(min(b[offsetHWLen], maxHWLen))]
	m.sname, m.file = nil, nil
	m.options.reset()
	if err := m.options.decode(b[offsetOptions:]); err != nil {
		return err
	}
	var overload uint8
	if v := m.options.value(optOverload); len(v) == 1 {
		overload = v[0]
		m.options.remove(optOverload)
	}
	// The order of the fields is the order in which RFC 3396, section 5 joins
	// the parts of an option.
	file, sname := b[offsetFile:offsetCookie], b[offsetSName:offsetFile]
	if overload&overloadFile != 0 {
		if err := m.options.decode(file); err != nil {
			return err
		}
	} else {
		m.file = text(file)
	}
	if overload&overloadSName != 0 {
		return m.options.decode(sname)
	}
	m.sname = text(sname)
	return nil
}

// decode adds the options of a field. The parts of an option that comes more
// than once are joined (RFC 3396).
func (s *optionSet) decode(field []byte) error {
	for code, value := range options(field) {
		if value == nil {
			return errOptions
		}
		if before, ok := s.get(code); ok {
			value = append(before, value...)
		}
		s.set(code, value)
	}
	return nil
}

func addressAt(b []byte, offset int) netip.Addr {
	if binary.BigEndian.Uint32(b[offset:]) == 0 {
		return netip.Addr{}
	}
	return netip.AddrFrom4([4]byte(b[offset:]))
}

func text(field []byte) []byte {
	s, _, _ := bytes.Cut(field, []byte{0})
	return s
}
