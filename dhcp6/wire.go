package dhcp6

import (
	"encoding/binary"
	"iter"

	"github.com/insomniacslk/dhcp/dhcpv6"
)

// optionOf returns the value of the first option with a code of those in b.
func optionOf(b []byte, code dhcpv6.OptionCode) ([]byte, bool) {
	for c, value := range options(b) {
		if c == code && value != nil {
			return value, true
		}
	}
	return nil, false
}

func hasOption(b []byte, code dhcpv6.OptionCode) bool {
	_, ok := optionOf(b, code)
	return ok
}

// vendorOf takes the payload of a vendor class or vendor options apart: an
// enterprise number, and what is for it.
func vendorOf(v []byte) (enterprise uint32, data []byte, ok bool) {
	if len(v) < 4 {
		return 0, nil, false
	}
	return binary.BigEndian.Uint32(v), v[4:], true
}

// vendorClassItems goes through the items of a vendor class option, each with
// its length in two bytes before it. It stops where the option is damaged.
func vendorClassItems(v []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		_, v, _ := vendorOf(v)
		for len(v) >= 2 {
			end := 2 + int(binary.BigEndian.Uint16(v))
			if end > len(v) || !yield(v[2:end]) {
				return
			}
			v = v[end:]
		}
	}
}

// codesIn goes through a list of option codes.
func codesIn(v []byte) iter.Seq[uint16] {
	return func(yield func(uint16) bool) {
		for ; len(v) >= 2; v = v[2:] {
			if !yield(binary.BigEndian.Uint16(v)) {
				return
			}
		}
	}
}
