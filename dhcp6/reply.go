package dhcp6

import (
	"encoding/binary"
	"slices"

	"github.com/insomniacslk/dhcp/dhcpv6"
)

// begin begins the reply, with what every one has (RFC 9915, section 18.3): the
// identifiers of client and server.
func (x *exchange) begin(typ dhcpv6.MessageType) {
	x.reply = append(append(x.reply[:0], byte(typ)), x.m[1:messageHeader]...)
	if id, ok := x.m.option(dhcpv6.OptionClientID); ok {
		x.add(dhcpv6.OptionClientID, id)
	}
	x.add(dhcpv6.OptionServerID, x.server)
}

// add adds an option to the reply.
func (x *exchange) add(code dhcpv6.OptionCode, value []byte) {
	x.reply = append(appendHeader(x.reply, code, len(value)), value...)
}

// open begins an option whose length is not known yet, and close ends it.
func (x *exchange) open(code dhcpv6.OptionCode) (at int) {
	x.reply = appendHeader(x.reply, code, 0)
	return len(x.reply)
}

func (x *exchange) close(at int) {
	binary.BigEndian.PutUint16(x.reply[at-2:], uint16(len(x.reply)-at))
}

// addStatus adds a Status Code option (RFC 9915, section 21.13).
func (x *exchange) addStatus(s status) {
	x.reply = appendHeader(x.reply, dhcpv6.OptionStatusCode, 2+len(s.text))
	x.reply = binary.BigEndian.AppendUint16(x.reply, uint16(s.code))
	x.reply = append(x.reply, s.text...)
}

// bindingsReply makes the Advertise or Reply that says what bindings the client
// has, or is to have.
func (x *exchange) bindingsReply(typ dhcpv6.MessageType, bs bindings, name clientName) {
	x.begin(typ)
	t1, t2 := bs.timers()
	for _, b := range bs {
		x.addBinding(b, t1, t2)
	}
	x.addName(name)
	if g := bs.first(); g != nil {
		x.poolRoom = bs.pools(x.poolRoom[:0])
		x.addParameters(g.subnet, x.poolRoom, g.host)
		return
	}
	h := x.hostIn(x.subnet)
	x.classifyFor(x.subnet, nil, h)
	x.addParameters(x.subnet, nil, h)
}

// addParameters adds what is configured, and that addresses may be registered
// to who wants to know (RFC 9686, section 4.1). What the reply has already
// stays.
func (x *exchange) addParameters(s *subnet, pools []*pool, h *host) {
	if x.p.registers() && s != nil && x.requests(optRegisterEnable) {
		x.add(optRegisterEnable, nil)
	}
	x.addOptions(s, pools, h)
}

// requests says whether the client asks for an option.
func (x *exchange) requests(code dhcpv6.OptionCode) bool {
	return slices.Contains(x.requested(), uint16(code))
}
