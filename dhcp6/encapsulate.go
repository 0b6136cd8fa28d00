package dhcp6

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/insomniacslk/dhcp/dhcpv6"
)

// envelope is what is around a reply: the Relay-reply messages that lead back
// to the client (RFC 9915, section 19.3), the outermost first, each up to the
// length of its Relay Message option.
//
// It is made of what came in, before the handler may change that.
type envelope struct {
	head []byte
	at   []int // where in head a message ends that the next one, or the reply, is put into
}

// envelopeOf makes the envelope for the reply to the query b, which accept has
// let pass.
func envelopeOf(b []byte) envelope {
	var e envelope
	if isRelayed(b) {
		e.head, e.at = make([]byte, 0, 64), make([]int, 0, 1) // for one relay agent, most often
	}
	for isRelayed(b) {
		e.head = append(e.head, byte(dhcpv6.MessageTypeRelayReply))
		e.head = append(e.head, b[1:relayHeader]...) // hop-count, link-address and peer-address are the same
		var inner []byte
		asked := echoRequest(b)
		for code, value := range options(b[relayHeader:]) {
			switch {
			case code == dhcpv6.OptionRelayMsg:
				inner = value
			case echoed(code) || slices.Contains(asked, code):
				e.head = appendHeader(e.head, code, len(value))
				e.head = append(e.head, value...)
			}
		}
		e.head = appendHeader(e.head, dhcpv6.OptionRelayMsg, 0)
		e.at = append(e.at, len(e.head))
		b = inner
	}
	return e
}

// echoed says whether an option of a relay agent goes back to it in any case:
// Interface-Id (RFC 9915, section 21.18) and Relay Source Port (RFC 8357,
// section 5.2). Its other ones are meant for the server.
func echoed(code dhcpv6.OptionCode) bool {
	return code == dhcpv6.OptionInterfaceID || code == dhcpv6.OptionRelayPort
}

// echoRequest gives the options that the relay agent wants back besides (RFC
// 4994).
func echoRequest(relay []byte) []dhcpv6.OptionCode {
	for code, value := range options(relay[relayHeader:]) {
		if code == dhcpv6.OptionEchoRequest {
			return codes(value)
		}
	}
	return nil
}

// appendTo appends the envelope with a reply in it to b.
func (e envelope) appendTo(b []byte, reply *dhcpv6.Message) ([]byte, error) {
	start := len(b)
	b = append(b, e.head...)
	b, err := appendMessage(b, reply)
	if err != nil {
		return nil, err
	}
	if n := len(b) - start; n > maxUDP {
		return nil, fmt.Errorf("dhcp6: reply of %d bytes, at most %d", n, maxUDP)
	}
	for _, at := range e.at {
		inner := b[start+at:]
		binary.BigEndian.PutUint16(b[start+at-2:], uint16(len(inner)))
	}
	return b, nil
}
