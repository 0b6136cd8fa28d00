package dhcp6

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"slices"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/insomniacslk/dhcp/iana"
)

var errOption = errors.New("dhcp6: malformed option")

// decode reads a query that accept has let pass: the client's message, the
// Relay-forward messages around it, the outermost first, and the length of the
// client's message.
//
// Unlike the message library's own decoder it keeps the bytes of all options as
// they came in: a DUID is what its bytes are, even if its type does not go with
// its length, and an option with a value that the library cannot read, or would
// write differently, is a [dhcpv6.OptionGeneric]. So is what is of no use in
// the option that it is in. All values share one copy of b, which halves the
// allocations.
func decode(b []byte) (m *dhcpv6.Message, relays []*dhcpv6.RelayMessage, length int, err error) {
	b = bytes.Clone(b)
	for isRelayed(b) {
		r := &dhcpv6.RelayMessage{
			MessageType: dhcpv6.MessageTypeRelayForward,
			HopCount:    b[1],
			LinkAddr:    net.IP(b[2:18:18]),
			PeerAddr:    net.IP(b[18:34:34]),
		}
		inner, why := innerOf(b)
		if why != 0 {
			return nil, nil, 0, errOption
		}
		if r.Options.Options, err = decodeOptions(b[relayHeader:], relayOption); err != nil {
			return nil, nil, 0, err
		}
		relays = append(relays, r)
		b = inner
	}
	m = &dhcpv6.Message{MessageType: dhcpv6.MessageType(b[0]), TransactionID: dhcpv6.TransactionID(b[1:messageHeader])}
	if m.Options.Options, err = decodeOptions(b[messageHeader:], messageOption); err != nil {
		return nil, nil, 0, err
	}
	// Every Relay-forward has in it what it had, now decoded.
	inner := dhcpv6.DHCPv6(m)
	for _, r := range slices.Backward(relays) {
		opts := r.Options.Options
		i := slices.Index(opts, nil)
		opts[i] = dhcpv6.OptRelayMessage(inner)
		inner = r
	}
	return m, relays, len(b), nil
}

// decodeOptions decodes all options in b, each with decode.
func decodeOptions(b []byte, decode func(dhcpv6.OptionCode, []byte) (dhcpv6.Option, error)) (dhcpv6.Options, error) {
	n := 0
	for _, value := range options(b) {
		if value == nil {
			return nil, errOption
		}
		n++
	}
	if n == 0 {
		return nil, nil
	}
	opts := make(dhcpv6.Options, 0, n)
	for code, value := range options(b) {
		o, err := decode(code, value)
		if err != nil {
			return nil, err
		}
		opts = append(opts, o)
	}
	return opts, nil
}

// relayOption decodes an option of a Relay-forward. What is relayed is nil.
func relayOption(code dhcpv6.OptionCode, value []byte) (dhcpv6.Option, error) {
	switch {
	case code == dhcpv6.OptionRelayMsg:
		return nil, nil
	case code == dhcpv6.OptionInterfaceID:
		return dhcpv6.OptInterfaceID(value), nil
	case code == dhcpv6.OptionRemoteID && len(value) >= 4:
		return &dhcpv6.OptRemoteID{EnterpriseNumber: binary.BigEndian.Uint32(value), RemoteID: value[4:]}, nil
	case code == dhcpv6.OptionClientLinkLayerAddr && len(value) >= 2:
		return dhcpv6.OptClientLinkLayerAddress(iana.HWType(binary.BigEndian.Uint16(value)), net.HardwareAddr(value[2:])), nil
	}
	return otherOption(code, value), nil
}

// messageOption decodes an option of a client's message. Those that are for
// the server to act on must be well formed.
func messageOption(code dhcpv6.OptionCode, value []byte) (dhcpv6.Option, error) {
	switch code {
	case dhcpv6.OptionClientID:
		return dhcpv6.OptClientID(duidFrom(value)), nil
	case dhcpv6.OptionServerID:
		return dhcpv6.OptServerID(duidFrom(value)), nil
	case dhcpv6.OptionIANA:
		if len(value) < 12 {
			return nil, errOption
		}
		o := &dhcpv6.OptIANA{IaId: [4]byte(value), T1: secondsFrom(value[4:]), T2: secondsFrom(value[8:])}
		var err error
		o.Options.Options, err = decodeOptions(value[12:], iaOption)
		return o, err
	case dhcpv6.OptionIATA:
		if len(value) < 4 {
			return nil, errOption
		}
		o := &dhcpv6.OptIATA{IaId: [4]byte(value)}
		var err error
		o.Options.Options, err = decodeOptions(value[4:], iaOption)
		return o, err
	case dhcpv6.OptionIAPD:
		if len(value) < 12 {
			return nil, errOption
		}
		o := &dhcpv6.OptIAPD{IaId: [4]byte(value), T1: secondsFrom(value[4:]), T2: secondsFrom(value[8:])}
		var err error
		o.Options.Options, err = decodeOptions(value[12:], iaOption)
		return o, err
	case dhcpv6.OptionIAAddr: // of an ADDR-REG-INFORM
		return addressOption(value)
	case dhcpv6.OptionORO:
		if len(value)%2 != 0 {
			return nil, errOption
		}
		// The library leaves out what comes twice, in quadratic time.
		return dhcpv6.OptRequestedOption(codes(value)...), nil
	case dhcpv6.OptionElapsedTime:
		if len(value) != 2 {
			return nil, errOption
		}
		return dhcpv6.OptElapsedTime(10 * time.Millisecond * time.Duration(binary.BigEndian.Uint16(value))), nil
	// The server needs neither of these, but the library's accessors insist on them.
	case dhcpv6.OptionPreference:
		if len(value) != 1 {
			return nil, errOption
		}
	case dhcpv6.OptionClientArchType:
		if len(value) == 0 || len(value)%2 != 0 {
			return nil, errOption
		}
	}
	return otherOption(code, value), nil
}

// iaOption decodes an option in an identity association.
func iaOption(code dhcpv6.OptionCode, value []byte) (dhcpv6.Option, error) {
	switch code {
	case dhcpv6.OptionIAAddr:
		return addressOption(value)
	case dhcpv6.OptionIAPrefix:
		if len(value) < 25 || value[8] > 128 {
			return nil, errOption
		}
		o := &dhcpv6.OptIAPrefix{
			PreferredLifetime: secondsFrom(value),
			ValidLifetime:     secondsFrom(value[4:]),
		}
		if value[8] > 0 {
			o.Prefix = &net.IPNet{IP: net.IP(value[9:25:25]), Mask: net.CIDRMask(int(value[8]), 128)}
		}
		var err error
		o.Options.Options, err = decodeOptions(value[25:], leaseOption)
		return o, err
	}
	return leaseOption(code, value)
}

func addressOption(value []byte) (dhcpv6.Option, error) {
	if len(value) < 24 {
		return nil, errOption
	}
	o := &dhcpv6.OptIAAddress{
		IPv6Addr:          net.IP(value[:16:16]),
		PreferredLifetime: secondsFrom(value[16:]),
		ValidLifetime:     secondsFrom(value[20:]),
	}
	var err error
	o.Options.Options, err = decodeOptions(value[24:], leaseOption)
	return o, err
}

// leaseOption decodes an option that is about a lease. There is no more nesting:
// how deep options can be in each other is not left to who sends them.
func leaseOption(code dhcpv6.OptionCode, value []byte) (dhcpv6.Option, error) {
	if code == dhcpv6.OptionStatusCode && len(value) >= 2 {
		return &dhcpv6.OptStatusCode{StatusCode: iana.StatusCode(binary.BigEndian.Uint16(value)), StatusMessage: string(value[2:])}, nil
	}
	return &dhcpv6.OptionGeneric{OptionCode: code, OptionData: value}, nil
}

// otherOption decodes an option that the server does nothing with itself, for
// the handlers that do.
func otherOption(code dhcpv6.OptionCode, value []byte) dhcpv6.Option {
	generic := &dhcpv6.OptionGeneric{OptionCode: code, OptionData: value}
	switch code {
	case dhcpv6.OptionPreference, dhcpv6.OptionStatusCode, dhcpv6.OptionUserClass, dhcpv6.OptionVendorClass,
		dhcpv6.OptionVendorOpts, dhcpv6.OptionFQDN, dhcpv6.OptionClientArchType, dhcpv6.OptionNII, dhcpv6.OptionRelayPort:
		if o, err := dhcpv6.ParseOption(code, value); err == nil && bytes.Equal(o.ToBytes(), value) {
			return o
		}
	}
	return generic
}

// duidFrom gives a DUID that consists of these bytes, two at least.
func duidFrom(b []byte) dhcpv6.DUID {
	typ, data := dhcpv6.DUIDType(binary.BigEndian.Uint16(b)), b[2:]
	switch {
	case typ == dhcpv6.DUID_LLT && len(data) >= 6:
		return &dhcpv6.DUIDLLT{HWType: iana.HWType(binary.BigEndian.Uint16(data)), Time: binary.BigEndian.Uint32(data[2:]), LinkLayerAddr: net.HardwareAddr(data[6:])}
	case typ == dhcpv6.DUID_EN && len(data) >= 4:
		return &dhcpv6.DUIDEN{EnterpriseNumber: binary.BigEndian.Uint32(data), EnterpriseIdentifier: data[4:]}
	case typ == dhcpv6.DUID_LL && len(data) >= 2:
		return &dhcpv6.DUIDLL{HWType: iana.HWType(binary.BigEndian.Uint16(data)), LinkLayerAddr: net.HardwareAddr(data[2:])}
	case typ == dhcpv6.DUID_UUID && len(data) == 16:
		return &dhcpv6.DUIDUUID{UUID: [16]byte(data)}
	}
	return &dhcpv6.DUIDOpaque{Type: typ, Data: data}
}

func codes(b []byte) []dhcpv6.OptionCode {
	all := make([]dhcpv6.OptionCode, 0, len(b)/2)
	for ; len(b) >= 2; b = b[2:] {
		all = append(all, dhcpv6.OptionCode(binary.BigEndian.Uint16(b)))
	}
	return all
}

func secondsFrom(b []byte) time.Duration { return seconds(binary.BigEndian.Uint32(b)) }
