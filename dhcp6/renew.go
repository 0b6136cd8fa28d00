package dhcp6

import (
	"context"
	"net/netip"
	"slices"
)

// renew answers a Renew (RFC 9915, section 18.3.4): the lifetimes of bindings
// begin anew. Like Kea it makes new bindings for identity associations that it
// knows nothing of. Without a subnet it cannot, and says so.
func (x *exchange) renew(ctx context.Context) (answered bool, err error) {
	return x.commit(ctx, x.bindAll(func(a *ia) *binding {
		if x.subnet == nil {
			b := x.newBinding(a)
			b.status = noBinding
			return b
		}
		b := x.bind(a)
		b.revoke()
		return b
	}))
}

// rebind answers a Rebind (RFC 9915, section 18.3.5). That is a Renew, but to
// whatever servers there are: of a link that it does not know this one keeps
// silent, as another may know better. Kea answers NoBinding for addresses.
func (x *exchange) rebind(ctx context.Context) (answered bool, err error) {
	if x.subnet == nil {
		x.drop("no subnet")
		return false, nil
	}
	return x.renew(ctx)
}

// revoke tells the client what it has to stop using: what it has lost, and what
// it believes to have besides what it is granted. Such leases are returned with
// lifetimes of 0 (RFC 9915, section 18.3.4).
func (b *binding) revoke() {
	gone := func(p netip.Prefix) {
		granted := slices.ContainsFunc(b.grants, func(g *grant) bool { return g.prefix == p })
		if !granted && !slices.Contains(b.gone, p) {
			b.gone = append(b.gone, p)
		}
	}
	for i := range b.lost {
		gone(prefixOf(&b.lost[i]))
	}
	for i := range b.asked {
		if w := &b.asked[i]; !w.only() {
			gone(w.prefix)
		}
	}
}
