package dhcp4

import (
	"context"
	"slices"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// inform answers the DHCPINFORM of a client that has an address from elsewhere
// with parameters, and no lease (RFC 2131, section 4.3.5).
func (x *exchange) inform(context.Context) (*message, error) {
	if x.subnet == nil {
		x.e.core.Stats.Dropped.Add(1)
		return nil, nil
	}
	if !x.consistent() {
		x.e.core.Drop(x, "its address is not of its link")
		return nil, nil
	}
	h := x.hostIn(x.subnet)
	x.classifyFor(x.subnet, nil, h)
	r := x.newReply(dhcpv4.MessageTypeAck)
	r.ciaddr = x.q.ciaddr
	x.addParameters(r, x.subnet, nil, h)
	return r, nil
}

// consistent says whether the address that a client says it has is one of its
// link: "The server SHOULD check the network address in a DHCPINFORM message for
// consistency". The answer goes there, so it could be anybody's otherwise.
func (x *exchange) consistent() bool {
	addr := x.q.ciaddr
	if !addr.IsValid() {
		if x.q.giaddr.IsValid() {
			return true // it is answered by way of the relay agent
		}
		addr = x.q.source.Addr().Unmap()
	}
	return slices.ContainsFunc(x.subnet.Siblings(), func(s *subnet) bool { return s.prefix.Contains(addr) })
}
