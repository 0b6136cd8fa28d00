package dhcp6

import (
	"encoding/binary"
	"iter"
	"net/netip"

	"github.com/insomniacslk/dhcp/dhcpv6"
)

const (
	// maxRelays is how many relay agents a message may come through: the hop
	// limit of RFC 3315. That of RFC 9915, 8, is for relay agents to keep.
	maxRelays = 32
	// maxMessage is the longest message that is received: one that came
	// through maxRelays agents which add some options each.
	maxMessage = 4096

	messageHeader = 4        // type and transaction-id
	relayHeader   = 2 + 2*16 // type, hop-count, link-address, peer-address
	optionHeader  = 2 + 2    // code and length
)

// options walks over the options in b. A nil value, which is the last, stands
// for one that runs beyond it.
func options(b []byte) iter.Seq2[dhcpv6.OptionCode, []byte] {
	return func(yield func(dhcpv6.OptionCode, []byte) bool) {
		for len(b) > 0 {
			if len(b) < optionHeader {
				yield(0, nil)
				return
			}
			code, end := dhcpv6.OptionCode(binary.BigEndian.Uint16(b)), optionHeader+int(binary.BigEndian.Uint16(b[2:]))
			if len(b) < end {
				yield(code, nil)
				return
			}
			if !yield(code, b[optionHeader:end:end]) {
				return
			}
			b = b[end:]
		}
	}
}

// accept looks at what can be seen without decoding and says whether the
// message is worth it: zero, or the reason why not. The type is that of the
// client's message, where there is one, also when it is refused; else ok is
// false.
func accept(b []byte, unicast bool) (typ dhcpv6.MessageType, ok bool, why Refusal) {
	relays := 0
	for ; isRelayed(b); relays++ {
		if relays == maxRelays {
			return 0, false, RefusedNesting
		}
		if b, why = innerOf(b); why != 0 {
			return 0, false, why
		}
	}
	if len(b) < messageHeader {
		return 0, false, RefusedTooShort
	}
	typ = dhcpv6.MessageType(b[0])
	named, ok := namesOf(typ)
	if !ok {
		return typ, true, RefusedType
	}
	clients, servers := 0, 0
	for code, value := range options(b[messageHeader:]) {
		if value == nil {
			return typ, true, RefusedOptions
		}
		switch code {
		case dhcpv6.OptionClientID:
			if clients++; !isDUID(value) {
				return typ, true, RefusedClientID
			}
		case dhcpv6.OptionServerID:
			if servers++; !isDUID(value) {
				return typ, true, RefusedServerID
			}
		}
	}
	switch {
	case clients > 1 || clients == 0 && named.client:
		return typ, true, RefusedClientID
	case servers > 1 || servers == 0 && named.server == must || servers == 1 && named.server == mustNot:
		return typ, true, RefusedServerID
	case unicast && relays == 0 && named.server != must:
		// It is for all servers. Messages that name their server some clients
		// of RFC 8415 send to its address, which RFC 9915, section 16, lets a
		// server go on to accept.
		return typ, true, RefusedUnicast
	}
	return typ, true, 0
}

func isRelayed(b []byte) bool {
	return len(b) > 0 && dhcpv6.MessageType(b[0]) == dhcpv6.MessageTypeRelayForward
}

// innerOf gives the message that is in a Relay-forward.
func innerOf(b []byte) (inner []byte, why Refusal) {
	if len(b) < relayHeader {
		return nil, RefusedTooShort
	}
	found := 0
	for code, value := range options(b[relayHeader:]) {
		if value == nil {
			return nil, RefusedOptions
		}
		if code == dhcpv6.OptionRelayMsg {
			inner = value
			found++
		}
	}
	if found != 1 {
		return nil, RefusedRelay
	}
	return inner, 0
}

func isDUID(b []byte) bool { return len(b) >= minDUID && len(b) <= maxDUID }

// isUnicast says whether one host can have the address. Replies go there, so
// no other may be forged.
func isUnicast(addr netip.Addr) bool { return !addr.IsUnspecified() && !addr.IsMulticast() }
