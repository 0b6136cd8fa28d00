package dhcp4

import (
	"context"
	"fmt"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

// release ends the lease of a client that gives it back (RFC 2131, section
// 4.3.4). The lease is removed, as by Kea 2.2: later versions may keep it in
// the state released, which a partner of that version does not know.
func (x *exchange) release(ctx context.Context) (*Reply, error) {
	l, ok := x.ownLease(lease.Key{Type: lease.V4, Addr: address(x.m.ClientIPAddr)})
	if !ok {
		return nil, nil
	}
	change := lease.Removal(l)
	change.If = l.Revision
	return nil, x.change(ctx, change)
}

// decline keeps an address from use that its client found in use by somebody
// else (RFC 2131, section 4.3.3). Nobody is said to have it then.
func (x *exchange) decline(ctx context.Context) (*Reply, error) {
	l, ok := x.ownLease(lease.Key{Type: lease.V4, Addr: addressOption(x.m, dhcpv4.OptionRequestedIPAddress)})
	if !ok || l.Expired(x.now) {
		return nil, nil
	}
	x.e.log.Warn("address declined: somebody uses it without a lease", "client", engine.Logged(x.client), "address", l.Addr, "subnet", l.SubnetID)
	l.State = lease.Declined
	l.ClientID, l.HWAddr, l.Hostname = nil, nil, ""
	l.FQDNFwd, l.FQDNRev = false, false
	l.CLTT, l.ValidLft = x.now.Unix(), x.p.declinePeriod()
	return nil, x.change(ctx, lease.Change{Lease: l, If: l.Revision})
}

// declinePeriod is how long a declined address is kept from use, in seconds.
func (p *plan) declinePeriod() uint32 {
	if n := p.cfg.DeclineProbationPeriod; n != nil {
		return *n
	}
	return 24 * 60 * 60
}

// ownLease returns the lease with the key if it is assigned to the client.
func (x *exchange) ownLease(k lease.Key) (lease.Lease, bool) {
	l, ok := x.e.store.Lookup(k)
	if !ok || l.State != lease.Assigned || !owns(x.client, true, &l) {
		x.e.log.Debug("not the client's lease", "client", engine.Logged(x.client), "type", x.type_, "address", k.Addr)
		return lease.Lease{}, false
	}
	return l, true
}

// change commits a change of the client's lease.
func (x *exchange) change(ctx context.Context, c lease.Change) error {
	err := x.e.committer.Commit(ctx, c)
	if err != nil {
		return fmt.Errorf("dhcp4: %s of %s: %w", x.type_, c.Lease.Addr, err)
	}
	x.e.alloc.Release(c.Lease.Addr, x.holder)
	return nil
}
