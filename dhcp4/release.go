package dhcp4

import (
	"context"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

// release ends the lease of a client that gives it back (RFC 2131, section
// 4.3.4). The lease is removed, as by Kea 2.2: later versions may keep it in
// the state released, which a partner of that version does not know.
func (x *exchange) release(ctx context.Context) (*message, error) {
	l, ok := x.ownLease(lease.Key{Type: lease.V4, Addr: x.q.ciaddr})
	if !ok {
		return nil, nil
	}
	return nil, x.commitChanges(ctx, engine.Removal(l))
}

// decline keeps an address from use that its client found in use by somebody
// else (RFC 2131, section 4.3.3).
func (x *exchange) decline(ctx context.Context) (*message, error) {
	l, ok := x.ownLease(lease.Key{Type: lease.V4, Addr: x.q.addressOption(optRequestedAddr)})
	if !ok || l.Expired(x.now) {
		return nil, nil
	}
	x.e.core.Log.Warn("address declined: somebody uses it without a lease", "client", engine.Logged(x.client), "address", l.Addr, "subnet", l.SubnetID)
	return nil, x.commitChanges(ctx, engine.Decline(l, x.now, x.p.cfg.DeclineProbationPeriod))
}

// ownLease returns the lease with the key if it is assigned to the client.
func (x *exchange) ownLease(k lease.Key) (lease.Lease, bool) {
	l, ok := x.e.core.Store.Lookup(k)
	if !ok || l.State != lease.Assigned || !owns(x.client, true, &l) {
		x.e.core.Log.Debug("not the client's lease", "client", engine.Logged(x.client), "type", x.typ, "address", k.Addr)
		return lease.Lease{}, false
	}
	return l, true
}
