package dhcp6

import (
	"context"

	"github.com/insomniacslk/dhcp/dhcpv6"
)

// information answers an Information-request with parameters, and no lease (RFC
// 9915, section 18.3.6). A client need not say who it is.
func (x *exchange) information(context.Context) (answered bool, err error) {
	h := x.hostIn(x.subnet)
	x.classifyFor(x.subnet, nil, h)
	x.begin(dhcpv6.MessageTypeReply)
	x.addParameters(x.subnet, nil, h)
	return true, nil
}
