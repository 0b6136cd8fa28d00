package dhcp6

import (
	"context"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/dhcpha/dhcpha/lease"
)

// confirm answers a Confirm (RFC 9915, section 18.3.3): whether the addresses
// that the client has are of the link that it is on now. Who has them is not
// asked. If the server cannot tell, as it does not know the link, or there are
// no addresses, it MUST NOT answer; Kea answers NotOnLink if it does not know
// the link.
func (x *exchange) confirm(context.Context) (answered bool, err error) {
	if x.subnet == nil {
		x.drop("no subnet")
		return false, nil
	}
	verdict := status{}
	for _, a := range x.all {
		for i := range a.asked {
			switch {
			case a.typ != lease.NA:
			case !x.appropriate(a.asked[i].prefix.Addr()):
				verdict = notOnLink
			case verdict == status{}:
				verdict = onLink
			}
		}
	}
	if verdict == (status{}) {
		x.drop("no addresses")
		return false, nil
	}
	h := x.hostIn(x.subnet)
	x.classifyFor(x.subnet, nil, h)
	x.begin(dhcpv6.MessageTypeReply)
	x.addStatus(verdict)
	x.addParameters(x.subnet, nil, h)
	return true, nil
}
