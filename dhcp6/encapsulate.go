package dhcp6

import (
	"encoding/binary"

	"github.com/insomniacslk/dhcp/dhcpv6"
)

// appendEnvelope appends what is around a reply: the Relay-reply messages that
// lead back to the client (RFC 9915, section 19.3), the outermost first, each up
// to the length of its Relay Message option. inside are the places in b where
// what is in each begins; they are for enclose.
func appendEnvelope(b []byte, relays []relay, inside []int) ([]byte, []int) {
	for _, r := range relays {
		b = append(b, byte(dhcpv6.MessageTypeRelayReply))
		b = append(b, r[1:relayHeader]...) // hop-count, link-address and peer-address are the same
		asked, _ := r.option(dhcpv6.OptionEchoRequest)
		for code, value := range options(r.options()) {
			if code != dhcpv6.OptionRelayMsg && (echoed(code) || asksFor(asked, code)) {
				b = append(appendHeader(b, code, len(value)), value...)
			}
		}
		b = appendHeader(b, dhcpv6.OptionRelayMsg, 0)
		inside = append(inside, len(b))
	}
	return b, inside
}

// enclose writes the lengths of Relay Message options, each of which begins at
// one of these places and goes on to the end.
func enclose(b []byte, inside []int) {
	for _, at := range inside {
		binary.BigEndian.PutUint16(b[at-2:], uint16(len(b)-at))
	}
}

// echoed says whether an option of a relay agent goes back to it in any case:
// Interface-Id (RFC 9915, section 21.18) and Relay Source Port (RFC 8357,
// section 5.2). Its other ones are meant for the server, but for those that it
// wants back besides (RFC 4994).
func echoed(code dhcpv6.OptionCode) bool {
	return code == dhcpv6.OptionInterfaceID || code == dhcpv6.OptionRelayPort
}

// asksFor says whether a code is in a list of codes.
func asksFor(list []byte, code dhcpv6.OptionCode) bool {
	for asked := range codesIn(list) {
		if dhcpv6.OptionCode(asked) == code {
			return true
		}
	}
	return false
}
