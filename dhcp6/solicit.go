package dhcp6

import (
	"context"

	"github.com/insomniacslk/dhcp/dhcpv6"
)

// solicit answers a Solicit (RFC 9915, section 18.3.1) by an Advertise, or by a
// Reply if client and configuration want two messages instead of four. There is
// an answer also if nothing can be assigned: it says so, and has the parameters
// that a client can do with alone.
func (x *exchange) solicit(ctx context.Context) (answered bool, err error) {
	bs := x.bindAll(x.bind)
	rapid := hasOption(x.m.options(), dhcpv6.OptionRapidCommit)
	if rapid && x.subnet != nil && *x.subnet.params.RapidCommit {
		answered, err = x.commit(ctx, bs)
		if answered {
			x.add(dhcpv6.OptionRapidCommit, nil)
		}
		return answered, err
	}
	x.bindingsReply(dhcpv6.MessageTypeAdvertise, bs, bs.name(x))
	return true, nil
}
