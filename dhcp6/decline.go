package dhcp6

import (
	"context"
	"slices"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

// decline keeps addresses from use that their client found in use by somebody
// else (RFC 9915, section 18.3.8). Prefixes cannot be declined.
func (x *exchange) decline(ctx context.Context) (answered bool, err error) {
	x.all = slices.DeleteFunc(x.all, func(a ia) bool { return a.typ != lease.NA })
	return x.giveUp(ctx, declined, func(l lease.Lease) lease.Change {
		x.e.core.Log.Warn("address declined: somebody uses it without a lease", "client", engine.LoggedDUID(x.client), "address", l.Addr, "subnet", l.SubnetID)
		return engine.Decline(l, x.now, x.p.cfg.DeclineProbationPeriod)
	})
}
