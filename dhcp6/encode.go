package dhcp6

import (
	"encoding/binary"
	"fmt"
	"math"
	"net"
	"strings"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
)

// maxUDP is the longest payload of a UDP datagram without jumbograms.
const maxUDP = math.MaxUint16 - 8

// appendMessage appends m in wire form to b. Unlike the message library's own
// encoder, which makes a buffer for every option and one for every option in
// it, it takes no allocation for those that leases consist of.
func appendMessage(b []byte, m *dhcpv6.Message) ([]byte, error) {
	b = append(b, byte(m.MessageType), m.TransactionID[0], m.TransactionID[1], m.TransactionID[2])
	return appendOptions(b, m.Options.Options)
}

func appendOptions(b []byte, opts dhcpv6.Options) ([]byte, error) {
	for _, o := range opts {
		var err error
		if b, err = appendOption(b, o); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func appendOption(b []byte, o dhcpv6.Option) ([]byte, error) {
	b = appendHeader(b, o.Code(), 0)
	start := len(b)
	var err error
	switch o := o.(type) {
	case *dhcpv6.OptIANA:
		b = append(b, o.IaId[:]...)
		b = appendSeconds(b, o.T1, o.T2)
		b, err = appendOptions(b, o.Options.Options)
	case *dhcpv6.OptIAPD:
		b = append(b, o.IaId[:]...)
		b = appendSeconds(b, o.T1, o.T2)
		b, err = appendOptions(b, o.Options.Options)
	case *dhcpv6.OptIAAddress:
		b = appendAddr(b, o.IPv6Addr)
		b = appendSeconds(b, o.PreferredLifetime, o.ValidLifetime)
		b, err = appendOptions(b, o.Options.Options)
	case *dhcpv6.OptIAPrefix:
		b = appendSeconds(b, o.PreferredLifetime, o.ValidLifetime)
		b = appendPrefix(b, o.Prefix)
		b, err = appendOptions(b, o.Options.Options)
	case *dhcpv6.OptStatusCode:
		b = binary.BigEndian.AppendUint16(b, uint16(o.StatusCode))
		b = append(b, o.StatusMessage...)
	default:
		b = appendValue(b, o)
	}
	if err != nil {
		return nil, err
	}
	n := len(b) - start
	if n > math.MaxUint16 {
		return nil, fmt.Errorf("dhcp6: option %v of %d bytes, at most %d", o.Code(), n, math.MaxUint16)
	}
	binary.BigEndian.PutUint16(b[start-2:], uint16(n))
	return b, nil
}

// appendValue appends the value of an option whose type the message library
// keeps to itself.
func appendValue(b []byte, o dhcpv6.Option) []byte {
	if d := duidIn(o); d != nil {
		return appendDUID(b, d)
	}
	switch list := (dhcpv6.MessageOptions{Options: dhcpv6.Options{o}}); o.Code() {
	case dhcpv6.OptionDNSRecursiveNameServer:
		if servers := list.DNS(); servers != nil {
			for _, ip := range servers {
				b = appendAddr(b, ip)
			}
			return b
		}
	case dhcpv6.OptionDomainSearchList:
		if names := list.DomainSearchList(); names != nil {
			return appendNames(b, names.Labels)
		}
	}
	return append(b, o.ToBytes()...)
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

// appendNames appends names as labels, each name ended by the empty one.
func appendNames(b []byte, names []string) []byte {
	for _, name := range names {
		for label := range strings.SplitSeq(name, ".") {
			if label != "" {
				b = append(append(b, byte(len(label))), label...)
			}
		}
		b = append(b, 0)
	}
	return b
}

func appendHeader(b []byte, code dhcpv6.OptionCode, length int) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(code))
	return binary.BigEndian.AppendUint16(b, uint16(length))
}

// appendSeconds rounds as the message library does.
func appendSeconds(b []byte, durations ...time.Duration) []byte {
	for _, d := range durations {
		b = binary.BigEndian.AppendUint32(b, uint32(d.Round(time.Second)/time.Second))
	}
	return b
}

func appendAddr(b []byte, ip net.IP) []byte {
	var addr [16]byte
	copy(addr[:], ip.To16())
	return append(b, addr[:]...)
}

func appendPrefix(b []byte, p *net.IPNet) []byte {
	if p == nil {
		return append(b, make([]byte, 17)...)
	}
	bits, _ := p.Mask.Size()
	return appendAddr(append(b, byte(bits)), p.IP)
}
