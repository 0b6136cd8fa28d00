package dhcp6

import (
	"context"

	"github.com/insomniacslk/dhcp/dhcpv6"
)

// information answers an Information-request with parameters, and no lease (RFC
// 9915, section 18.3.6). A client need not say who it is.
func (x *exchange) information(context.Context) (*Reply, error) {
	h := x.hostIn(x.subnet)
	x.classifyFor(x.subnet, nil, h)
	r := x.newReply(dhcpv6.MessageTypeReply)
	x.addParameters(r, x.subnet, nil, h)
	return &Reply{Message: r}, nil
}
