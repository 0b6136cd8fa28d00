package dhcp6

import (
	"errors"
	"fmt"
	"math"
	"net/netip"

	"github.com/insomniacslk/dhcp/dhcpv6"
)

// packet is a query in wire form, taken apart as far as all have to know it. An
// Engine goes by it; what other handlers are given is made of it. Its memory is
// used for one query after the other.
type packet struct {
	bytes   []byte
	relays  []relay // the Relay-forward messages, the outermost first
	message message // the client's
}

// message is a message of a client or to one, in wire form.
type message []byte

func (m message) typ() dhcpv6.MessageType { return dhcpv6.MessageType(m[0]) }

func (m message) transaction() dhcpv6.TransactionID { return dhcpv6.TransactionID(m[1:messageHeader]) }

func (m message) options() []byte { return m[messageHeader:] }

// option returns the value of the first option with a code.
func (m message) option(code dhcpv6.OptionCode) ([]byte, bool) { return optionOf(m.options(), code) }

// relay is a Relay-forward message in wire form.
type relay []byte

func (r relay) hops() uint8 { return r[1] }

func (r relay) link() netip.Addr { return netip.AddrFrom16([16]byte(r[2:18])) }

func (r relay) peer() netip.Addr { return netip.AddrFrom16([16]byte(r[18:relayHeader])) }

func (r relay) options() []byte { return r[relayHeader:] }

func (r relay) option(code dhcpv6.OptionCode) ([]byte, bool) { return optionOf(r.options(), code) }

var (
	errOption = errors.New("dhcp6: malformed option")
	errRelay  = errors.New("dhcp6: not one message in a Relay-forward")
)

// read takes a copy of a datagram that accept has let pass.
func (p *packet) read(b []byte) error {
	p.bytes = append(p.bytes[:0], b...)
	if err := p.split(); err != nil {
		return err
	}
	if !wellFormed(p.message) {
		return errOption
	}
	return nil
}

// write puts into wire form what a handler is asked.
func (p *packet) write(q *Query) (err error) {
	b := p.bytes[:0]
	var room [4]int
	inside := room[:0]
	for _, r := range q.Relays {
		b = append(b, byte(dhcpv6.MessageTypeRelayForward), r.HopCount)
		b = appendAddr(appendAddr(b, r.LinkAddr), r.PeerAddr)
		for _, o := range r.Options.Options {
			if o.Code() == dhcpv6.OptionRelayMsg {
				continue // what is relayed is in the query
			}
			if b, err = appendOption(b, o); err != nil {
				return err
			}
		}
		b = appendHeader(b, dhcpv6.OptionRelayMsg, 0)
		inside = append(inside, len(b))
	}
	if b, err = appendMessage(b, q.Message); err != nil {
		return err
	}
	if len(b) > math.MaxUint16 {
		return fmt.Errorf("dhcp6: query of %d bytes", len(b))
	}
	enclose(b, inside)
	p.bytes, p.relays, p.message = b, p.relays[:0], b
	for _, at := range inside {
		p.relays = append(p.relays, relay(p.message))
		p.message = b[at:]
	}
	return nil
}

// split finds the messages.
func (p *packet) split() error {
	b := p.bytes
	p.relays = p.relays[:0]
	for isRelayed(b) {
		inner, why := innerOf(b)
		if why != 0 {
			return errRelay
		}
		p.relays = append(p.relays, b)
		b = inner
	}
	if len(b) < messageHeader {
		return errRelay
	}
	p.message = b
	return nil
}

// nearest returns the relay agent next to the client; nil: there is none.
func (p *packet) nearest() relay {
	if len(p.relays) == 0 {
		return nil
	}
	return p.relays[len(p.relays)-1]
}
