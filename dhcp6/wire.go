package dhcp6

import (
	"encoding/binary"
	"iter"

	"github.com/insomniacslk/dhcp/dhcpv6"
)

// optionOf returns the payload of the first option with a code.
func optionOf(list dhcpv6.Options, code dhcpv6.OptionCode) ([]byte, bool) {
	for _, o := range list {
		if o.Code() == code {
			return payload(o), true
		}
	}
	return nil, false
}

// payload returns what is in an option. For a DUID the message library would
// make several buffers.
func payload(o dhcpv6.Option) []byte {
	if d := duidIn(o); d != nil {
		return appendDUID(make([]byte, 0, 32), d)
	}
	return o.ToBytes()
}

// duidIn returns the DUID that a client or server identifier is; nil: it is
// neither, or one that is not understood, such as bytes that a program has put
// in, of which the message library makes a panic.
func duidIn(o dhcpv6.Option) dhcpv6.DUID {
	if _, bytes := o.(*dhcpv6.OptionGeneric); bytes {
		return nil
	}
	switch list := (dhcpv6.MessageOptions{Options: dhcpv6.Options{o}}); o.Code() {
	case dhcpv6.OptionClientID:
		return list.ClientID()
	case dhcpv6.OptionServerID:
		return list.ServerID()
	}
	return nil
}

func appendDUID(b []byte, d dhcpv6.DUID) []byte {
	typ := binary.BigEndian.AppendUint16
	switch d := d.(type) {
	case *dhcpv6.DUIDLL:
		b = typ(typ(b, duidLL), uint16(d.HWType))
		return append(b, d.LinkLayerAddr...)
	case *dhcpv6.DUIDLLT:
		b = typ(typ(b, duidLLT), uint16(d.HWType))
		return append(binary.BigEndian.AppendUint32(b, d.Time), d.LinkLayerAddr...)
	case *dhcpv6.DUIDEN:
		return append(binary.BigEndian.AppendUint32(typ(b, duidEN), d.EnterpriseNumber), d.EnterpriseIdentifier...)
	case *dhcpv6.DUIDUUID:
		return append(typ(b, duidUUID), d.UUID[:]...)
	case *dhcpv6.DUIDOpaque:
		return append(typ(b, uint16(d.Type)), d.Data...)
	}
	return append(b, d.ToBytes()...)
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
