package dhcp4

import (
	"context"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// inform answers the DHCPINFORM of a client that has an address from elsewhere
// with parameters, and no lease (RFC 2131, section 4.3.5).
func (x *exchange) inform(context.Context) (*Reply, error) {
	if x.subnet == nil {
		x.e.stats.drop.Add(1)
		return nil, nil
	}
	h := x.hostIn(x.subnet)
	if x.subnet.network != nil && h != nil {
		x.classes.add(h.classes...)
	}
	x.classifyAdditional(x.subnet, nil)
	r := x.newReply(dhcpv4.MessageTypeAck)
	r.ClientIPAddr = x.m.ClientIPAddr
	x.addParameters(r, x.subnet, nil, h)
	return &Reply{Message: r}, nil
}
