package dhcp6

import (
	"context"
	"slices"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

// decline keeps addresses from use that their client found in use by somebody
// else (RFC 9915, section 18.3.8). Nobody is said to have them then. Prefixes
// cannot be declined.
func (x *exchange) decline(ctx context.Context) (*Reply, error) {
	x.all = slices.DeleteFunc(x.all, func(a *ia) bool { return a.typ != lease.NA })
	return x.giveUp(ctx, declined, func(l lease.Lease) lease.Change {
		x.e.core.Log.Warn("address declined: somebody uses it without a lease", "client", engine.LoggedDUID(x.client), "address", l.Addr, "subnet", l.SubnetID)
		c := lease.Change{Lease: l, If: l.Revision}
		c.Lease.State = lease.Declined
		c.Lease.ClientID, c.Lease.HWAddr, c.Lease.HWType, c.Lease.HWSource, c.Lease.Hostname = nil, nil, 0, 0, ""
		c.Lease.FQDNFwd, c.Lease.FQDNRev = false, false
		c.Lease.CLTT, c.Lease.ValidLft, c.Lease.PreferredLft = x.now.Unix(), engine.DeclinePeriod(x.p.cfg.DeclineProbationPeriod), 0
		return c
	})
}
