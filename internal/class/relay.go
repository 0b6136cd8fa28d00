package class

import "github.com/dhcpha/dhcpha/internal/option"

// relayAgent is the option that DHCPv4 relay agents add, RFC 3046.
const relayAgent = 82

// relay4 parses what follows the word relay4: a sub-option of the relay agent
// information.
func (p *parser) relay4(t token) (value, error) {
	if p.defs.Family() != option.V4 {
		return value{}, p.errorf(t, "relay4 is only for DHCPv4")
	}
	if err := p.expect("["); err != nil {
		return value{}, err
	}
	code, err := p.code()
	if err != nil {
		return value{}, err
	}
	if err := p.expect("]", "."); err != nil {
		return value{}, err
	}
	return p.path(p.sub(p.message(relayAgent), code))
}

// hopLimit is how many DHCPv6 relay agents there can be, to Kea: it has kept the
// HOP_COUNT_LIMIT of RFC 3315, which is 8 in RFC 9915, section 7.6.
const hopLimit = 32

// relay6 parses what follows the word relay6: an option or a field of a relay
// agent.
func (p *parser) relay6(t token) (value, error) {
	if p.defs.Family() != option.V6 {
		return value{}, p.errorf(t, "relay6 is only for DHCPv6")
	}
	if err := p.expect("["); err != nil {
		return value{}, err
	}
	level, err := p.number(-hopLimit, hopLimit-1)
	if err != nil {
		return value{}, err
	}
	if err := p.expect("]", "."); err != nil {
		return value{}, err
	}
	if p.is("option") {
		return p.relay6Option(int(level))
	}
	field, err := p.take(word, "option, peeraddr or linkaddr")
	if err != nil {
		return value{}, err
	}
	if field.text != "peeraddr" && field.text != "linkaddr" {
		return value{}, p.errorf(field, "%s, expected option, peeraddr or linkaddr", field)
	}
	return value{text: func(pkt *Packet) (string, error) {
		relay := pkt.relay(int(level))
		switch {
		case relay == nil:
			return "", nil
		case field.text == "peeraddr":
			return addressText(relay.Peer), nil
		}
		return addressText(relay.Link), nil
	}}, nil
}

func (p *parser) relay6Option(level int) (value, error) {
	if err := p.expect("option", "["); err != nil {
		return value{}, err
	}
	code, err := p.code()
	if err != nil {
		return value{}, err
	}
	if err := p.expect("]", "."); err != nil {
		return value{}, err
	}
	def, _ := p.defs.ByCode("", code)
	return p.path(p.source(def, code, func(pkt *Packet) ([]byte, bool) {
		relay := pkt.relay(level)
		if relay == nil || relay.Option == nil {
			return nil, false
		}
		return relay.Option(code)
	}))
}

// relay returns a relay agent of the packet, or nil: 0 is the one next to the
// server, -1 the one next to the client.
func (p *Packet) relay(level int) *Relay {
	if level < 0 {
		level += len(p.Relays)
	}
	if level < 0 || level >= len(p.Relays) {
		return nil
	}
	return &p.Relays[level]
}
