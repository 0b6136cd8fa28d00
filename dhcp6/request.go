package dhcp6

import (
	"context"
	"net/netip"
	"slices"

	"github.com/dhcpha/dhcpha/lease"
)

// request answers a Request (RFC 9915, section 18.3.2).
func (x *exchange) request(ctx context.Context) (answered bool, err error) {
	return x.commit(ctx, x.bindAll(func(a *ia) *binding {
		if x.strays(a) {
			b := x.newBinding(a)
			b.status = notOnLink
			return b
		}
		return x.bind(a)
	}))
}

// strays says whether an address of an IA_NA is not appropriate for the client's
// link. Such an IA has to be returned with the status NotOnLink; Kea assigns
// another address instead. Of a link that is not known nothing can be said.
func (x *exchange) strays(a *ia) bool {
	return a.typ == lease.NA && x.subnet != nil && slices.ContainsFunc(a.asked, func(w wish) bool {
		return !w.only() && !x.appropriate(w.prefix.Addr())
	})
}

// appropriate says whether an address is one of the client's link.
func (x *exchange) appropriate(addr netip.Addr) bool {
	return x.subnetAt(addr) != nil
}
