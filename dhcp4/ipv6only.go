package dhcp4

import (
	"bytes"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// ipv6Only returns the subnet whose clients can do without IPv4 if they say so,
// by requesting option 108, and it is configured for the subnet or its network
// (RFC 8925); nil: the client is to have an address.
func (x *exchange) ipv6Only() *subnet {
	if !x.requests(optIPv6Only) {
		return nil
	}
	for s := range x.candidates() {
		if x.configured(optIPv6Only, s) != nil {
			return s
		}
	}
	return nil
}

// withoutIPv4 offers such a client, as Kea does, the address 0.0.0.0, so that
// none is taken from the pool (RFC 8925, section 3.3). A client that requests an
// address all the same is given it, beside the option, and knows by its own state
// what to make of that (sections 3.2 and 3.3); Kea acknowledges 0.0.0.0.
func (x *exchange) withoutIPv4(s *subnet) (*message, error) {
	h := x.hostIn(s)
	x.classifyFor(s, nil, h)
	r := x.newReply(dhcpv4.MessageTypeOffer)
	x.addParameters(r, s, nil, h)
	if !r.options.has(optIPv6Only) {
		// A class or reservation keeps it from the client: an answer with
		// neither would only hurt.
		return nil, nil
	}
	return r, nil
}

// requests says whether the client's parameter request list has the option.
func (x *exchange) requests(code uint8) bool {
	return bytes.IndexByte(x.q.options.value(optRequestList), code) >= 0
}
