package dhcp6

import (
	"bytes"
	"encoding/binary"
	"net"
	"slices"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/insomniacslk/dhcp/iana"
)

// decode makes the message library's messages of a packet, for handlers that are
// no Engine: the client's, and the Relay-forward messages around it, the outermost
// first. They have memory of their own.
//
// Unlike the message library's own decoder it keeps the bytes of all options as
// they came in: a DUID is what its bytes are, even if its type does not go with
// its length, and an option with a value that the library cannot read, or would
// write differently, is a [dhcpv6.OptionGeneric]. So is what is of no use in
// the option that it is in. All values share one copy of the bytes, which halves
// the allocations.
func (p *packet) decode() (m *dhcpv6.Message, relays []*dhcpv6.RelayMessage) {
	b := bytes.Clone(p.bytes)
	for range p.relays {
		relays = append(relays, &dhcpv6.RelayMessage{
			MessageType: dhcpv6.MessageTypeRelayForward,
			HopCount:    b[1],
			LinkAddr:    net.IP(b[2:18:18]),
			PeerAddr:    net.IP(b[18:34:34]),
			Options:     dhcpv6.RelayOptions{Options: decodeOptions(b[relayHeader:], relayOption)},
		})
		b, _ = innerOf(b)
	}
	m = decodeMessage(b, messageOption)
	// Every Relay-forward has in it what it had, now decoded.
	inner := dhcpv6.DHCPv6(m)
	for _, r := range slices.Backward(relays) {
		opts := r.Options.Options
		i := slices.Index(opts, nil)
		opts[i] = dhcpv6.OptRelayMessage(inner)
		inner = r
	}
	return m, relays
}

// decodeMessage makes a message, whose options share the memory of b, by a
// function for an option.
func decodeMessage(b message, option func(dhcpv6.OptionCode, []byte) dhcpv6.Option) *dhcpv6.Message {
	return &dhcpv6.Message{
		MessageType: b.typ(), TransactionID: b.transaction(),
		Options: dhcpv6.MessageOptions{Options: decodeOptions(b.options(), option)},
	}
}

// decodeOptions decodes all options in b, each with decode.
func decodeOptions(b []byte, decode func(dhcpv6.OptionCode, []byte) dhcpv6.Option) dhcpv6.Options {
	n := 0
	for range options(b) {
		n++
	}
	if n == 0 {
		return nil
	}
	opts := make(dhcpv6.Options, 0, n)
	for code, value := range options(b) {
		opts = append(opts, decode(code, value))
	}
	return opts
}

// relayOption decodes an option of a Relay-forward. What is relayed is nil.
func relayOption(code dhcpv6.OptionCode, value []byte) dhcpv6.Option {
	switch {
	case code == dhcpv6.OptionRelayMsg:
		return nil
	case code == dhcpv6.OptionInterfaceID:
		return dhcpv6.OptInterfaceID(value)
	case code == dhcpv6.OptionRemoteID && len(value) >= 4:
		return &dhcpv6.OptRemoteID{EnterpriseNumber: binary.BigEndian.Uint32(value), RemoteID: value[4:]}
	case code == dhcpv6.OptionClientLinkLayerAddr && len(value) >= 2:
		return dhcpv6.OptClientLinkLayerAddress(iana.HWType(binary.BigEndian.Uint16(value)), net.HardwareAddr(value[2:]))
	}
	return otherOption(code, value)
}

// messageOption decodes an option of a client's message. Besides those that are
// for the server to act on they are such as handlers act on.
func messageOption(code dhcpv6.OptionCode, value []byte) dhcpv6.Option {
	if o := ownOption(code, value); o != nil {
		return o
	}
	return otherOption(code, value)
}

// replyOption decodes an option of a reply of the engine: what is configured can
// be any, so that the library's accessors, such as Preference, work on replies.
func replyOption(code dhcpv6.OptionCode, value []byte) dhcpv6.Option {
	if o := ownOption(code, value); o != nil {
		return o
	}
	return typedOption(code, value)
}

// ownOption decodes an option that the server acts on; nil: it is none, or not
// what it has to be.
func ownOption(code dhcpv6.OptionCode, value []byte) dhcpv6.Option {
	if !isWellFormed(code, value) {
		return nil
	}
	switch code {
	case dhcpv6.OptionClientID:
		return dhcpv6.OptClientID(duidFrom(value))
	case dhcpv6.OptionServerID:
		return dhcpv6.OptServerID(duidFrom(value))
	case dhcpv6.OptionIANA:
		o := &dhcpv6.OptIANA{IaId: [4]byte(value), T1: secondsFrom(value[4:]), T2: secondsFrom(value[8:])}
		o.Options.Options = decodeOptions(value[iaHeader:], iaOption)
		return o
	case dhcpv6.OptionIATA:
		o := &dhcpv6.OptIATA{IaId: [4]byte(value)}
		o.Options.Options = decodeOptions(value[iataHeader:], iaOption)
		return o
	case dhcpv6.OptionIAPD:
		o := &dhcpv6.OptIAPD{IaId: [4]byte(value), T1: secondsFrom(value[4:]), T2: secondsFrom(value[8:])}
		o.Options.Options = decodeOptions(value[iaHeader:], iaOption)
		return o
	case dhcpv6.OptionIAAddr: // of an ADDR-REG-INFORM
		return addressOption(value)
	case dhcpv6.OptionORO:
		// The library leaves out what comes twice, in quadratic time.
		return dhcpv6.OptRequestedOption(codes(value)...)
	case dhcpv6.OptionElapsedTime:
		return dhcpv6.OptElapsedTime(10 * time.Millisecond * time.Duration(binary.BigEndian.Uint16(value)))
	}
	return nil
}

// iaOption decodes an option in an identity association.
func iaOption(code dhcpv6.OptionCode, value []byte) dhcpv6.Option {
	switch code {
	case dhcpv6.OptionIAAddr:
		return addressOption(value)
	case dhcpv6.OptionIAPrefix:
		o := &dhcpv6.OptIAPrefix{
			PreferredLifetime: secondsFrom(value),
			ValidLifetime:     secondsFrom(value[4:]),
		}
		if value[8] > 0 {
			o.Prefix = &net.IPNet{IP: net.IP(value[9:25:25]), Mask: net.CIDRMask(int(value[8]), 128)}
		}
		o.Options.Options = decodeOptions(value[prefixHeader:], leaseOption)
		return o
	}
	return leaseOption(code, value)
}

func addressOption(value []byte) dhcpv6.Option {
	o := &dhcpv6.OptIAAddress{
		IPv6Addr:          net.IP(value[:16:16]),
		PreferredLifetime: secondsFrom(value[16:]),
		ValidLifetime:     secondsFrom(value[20:]),
	}
	o.Options.Options = decodeOptions(value[addressHeader:], leaseOption)
	return o
}

// leaseOption decodes an option that is about a lease. There is no more nesting:
// how deep options can be in each other is not left to who sends them.
func leaseOption(code dhcpv6.OptionCode, value []byte) dhcpv6.Option {
	if code == dhcpv6.OptionStatusCode && len(value) >= 2 {
		return &dhcpv6.OptStatusCode{StatusCode: iana.StatusCode(binary.BigEndian.Uint16(value)), StatusMessage: string(value[2:])}
	}
	return raw(code, value)
}

// otherOption decodes an option that the server does nothing with itself, for
// the handlers that do.
func otherOption(code dhcpv6.OptionCode, value []byte) dhcpv6.Option {
	switch code {
	case dhcpv6.OptionPreference, dhcpv6.OptionStatusCode, dhcpv6.OptionUserClass, dhcpv6.OptionVendorClass,
		dhcpv6.OptionVendorOpts, dhcpv6.OptionFQDN, dhcpv6.OptionClientArchType, dhcpv6.OptionNII, dhcpv6.OptionRelayPort:
		return typedOption(code, value)
	}
	return raw(code, value)
}

// typedOption makes an option of the type that the library has for it; generic
// is one whose value it cannot read, or would be written differently.
func typedOption(code dhcpv6.OptionCode, value []byte) dhcpv6.Option {
	o, err := dhcpv6.ParseOption(code, value)
	if err != nil {
		return raw(code, value)
	}
	var room [64]byte
	if wire, err := appendOption(room[:0], o); err != nil || !bytes.Equal(wire[optionHeader:], value) {
		return raw(code, value)
	}
	return o
}

// raw is an option whose bytes are at hand.
func raw(code dhcpv6.OptionCode, value []byte) dhcpv6.Option {
	return &dhcpv6.OptionGeneric{OptionCode: code, OptionData: value}
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

func secondsFrom(b []byte) time.Duration {
	return time.Duration(binary.BigEndian.Uint32(b)) * time.Second
}
