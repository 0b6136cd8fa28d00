package option

import (
	"encoding/binary"
	"errors"
	"fmt"
)

var errTruncated = errors.New("the value ends too early")

// fieldsLen returns how many bytes of a value the fields of its definition
// take. What is left are sub-options, or nothing that anybody reads.
func (f Family) fieldsLen(def *Def, value []byte) (int, error) {
	types := def.RecordTypes
	if def.Type != Record {
		types = RecordTypes{def.Type}
	}
	at := 0
	for i, t := range types {
		if def.Array && i == len(types)-1 {
			return f.arrayLen(t, value, at, def.Type == Record)
		}
		n, err := f.fieldLen(t, value[at:])
		if err != nil {
			return 0, fmt.Errorf("field %d (%s): %w", i+1, t, err)
		}
		at += n
	}
	return at, nil
}

// arrayLen returns where the repeated field that starts at an offset ends.
func (f Family) arrayLen(t Type, value []byte, at int, atLeastOne bool) (int, error) {
	for i := 1; at < len(value) || i == 1 && atLeastOne; i++ {
		n, err := f.fieldLen(t, value[at:])
		if err != nil {
			return 0, fmt.Errorf("element %d (%s): %w", i, t, err)
		}
		at += n
	}
	return at, nil
}

// fieldLen returns how many bytes a field takes at the start of b.
func (f Family) fieldLen(t Type, b []byte) (int, error) {
	n := 0
	switch t {
	case Boolean, Int8, Uint8:
		n = 1
	case Int16, Uint16:
		n = 2
	case Int32, Uint32, IPv4:
		n = 4
	case IPv6:
		n = 16
	case Binary, String, Internal:
		n = len(b)
	case Prefix:
		if len(b) == 0 {
			return 0, errTruncated
		}
		if b[0] > 128 {
			return 0, fmt.Errorf("prefix length %d, expected at most 128", b[0])
		}
		n = 1 + (int(b[0])+7)/8
	case PSID:
		n = 3
		if len(b) >= n && b[0] > 16 {
			return 0, fmt.Errorf("length %d of a port set identifier, expected at most 16", b[0])
		}
	case Tuple:
		size := 1
		if f == V6 {
			size = 2
		}
		if len(b) < size {
			return 0, errTruncated
		}
		n = 1 + int(b[0])
		if f == V6 {
			n = 2 + int(binary.BigEndian.Uint16(b))
		}
	case FQDN:
		return nameLen(b)
	}
	if n > len(b) {
		return 0, errTruncated
	}
	return n, nil
}
