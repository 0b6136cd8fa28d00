package option

import (
	"encoding/binary"
	"iter"
)

// Suboptions goes through the options at the start of b, which is the inside of
// another option: code and length, a byte each in DHCPv4 and two in DHCPv6. It
// stops where b is damaged.
func (f Family) Suboptions(b []byte) iter.Seq2[uint16, []byte] {
	return func(yield func(uint16, []byte) bool) {
		for {
			var code uint16
			var n, header int
			if f == V4 {
				if len(b) < 2 {
					return
				}
				code, n, header = uint16(b[0]), int(b[1]), 2
			} else {
				if len(b) < 4 {
					return
				}
				code, n, header = binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:])), 4
			}
			if n > len(b)-header || !yield(code, b[header:header+n]) {
				return
			}
			b = b[header+n:]
		}
	}
}

// maxSub is the longest value of an option within another.
func (f Family) maxSub() int {
	if f == V4 {
		return 253 // so that it fits with its header into an option
	}
	return 65535
}

// appendOption appends an option with its code and length. The value is at most
// maxSub bytes long.
func (f Family) appendOption(dst []byte, code uint16, value []byte) []byte {
	if f == V4 {
		dst = append(dst, byte(code), byte(len(value)))
	} else {
		dst = binary.BigEndian.AppendUint16(dst, code)
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(value)))
	}
	return append(dst, value...)
}
