package dhcp6

import (
	"slices"

	"github.com/insomniacslk/dhcp/dhcpv6"
)

// newReply returns a reply with what every one has (RFC 9915, sections 18.3.9
// and 18.3.10): the identifiers of client and server.
func (x *exchange) newReply(typ dhcpv6.MessageType) *dhcpv6.Message {
	r := &dhcpv6.Message{MessageType: typ, TransactionID: x.m.TransactionID}
	r.Options.Options = make(dhcpv6.Options, 0, 8)
	if id := x.m.GetOneOption(dhcpv6.OptionClientID); id != nil {
		r.AddOption(id)
	}
	r.AddOption(x.server.option)
	return r
}

// raw is an option whose bytes are at hand.
func raw(code dhcpv6.OptionCode, value []byte) dhcpv6.Option {
	return &dhcpv6.OptionGeneric{OptionCode: code, OptionData: value}
}

// bindingsReply is the Advertise or Reply that says what bindings the client
// has, or is to have.
func (x *exchange) bindingsReply(typ dhcpv6.MessageType, bs bindings, name clientName) *dhcpv6.Message {
	r := x.newReply(typ)
	for _, b := range bs {
		r.AddOption(x.bindingOption(b))
	}
	name.addTo(r)
	if g := bs.first(); g != nil {
		x.addParameters(r, g.subnet, bs.pools(), g.host)
		return r
	}
	h := x.hostIn(x.subnet)
	x.classifyFor(x.subnet, nil, h)
	x.addParameters(r, x.subnet, nil, h)
	return r
}

// addParameters adds what is configured, and that addresses may be registered
// to who wants to know (RFC 9686, section 4.1). What the reply has already
// stays.
func (x *exchange) addParameters(r *dhcpv6.Message, s *subnet, pools []*pool, h *host) {
	if x.p.registers() && s != nil && x.requests(optRegisterEnable) {
		r.AddOption(raw(optRegisterEnable, nil))
	}
	x.addOptions(r, s, pools, h)
}

// requests says whether the client asks for an option.
func (x *exchange) requests(code dhcpv6.OptionCode) bool {
	return slices.Contains(x.requested(), uint16(code))
}
