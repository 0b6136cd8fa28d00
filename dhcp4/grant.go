package dhcp4

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

// grant is an address that a client is to have. The address is held for it.
type grant struct {
	addr   netip.Addr
	subnet *subnet
	pool   *pool // nil: a reservation outside of the pools
	host   *host // nil: the client has no reservation there
	name   clientName
	valid  uint32 // seconds

	was      *lease.Lease // the lease there is of the address, whosever; nil: none
	there    lease.Lease  // that lease
	mine     bool         // it is the client's own
	previous *lease.Lease // the client's lease of another address, which it gives up; nil: none
}

// replacing notes the client's present lease, which is given up if it is of
// another address.
func (g *grant) replacing(current *lease.Lease) *grant {
	if g != nil && current != nil && current.Addr != g.addr {
		g.previous = current
	}
	return g
}

// grantOf makes a grant of an address that is held for the client; nil: the
// address is another client's, or a limit keeps it from this one.
func (x *exchange) grantOf(addr netip.Addr, s *subnet) *grant {
	g := &x.grant // there is one at a time
	*g = grant{addr: addr, subnet: s, pool: s.poolOf(addr), host: x.hostIn(s)}
	var ok bool
	if g.there, ok = x.e.core.Store.Lookup(lease.Key{Type: lease.V4, Addr: addr}); ok {
		g.was = &g.there
		g.mine = owns(x.client, s.byID, g.was) && g.was.State != lease.Declined
		if !g.mine && engine.InUse(g.was, x.now) {
			return nil
		}
	}
	if !x.within(g) {
		return nil
	}
	x.classifyFor(s, g.pool, g.host)
	g.name = x.clientName(g)
	g.valid = x.chooseLifetime(s)
	return g
}

// findLease returns the client's lease on this link, or nil.
func (x *exchange) findLease() *lease.Lease {
	if len(x.client.ID) > 0 {
		if l := x.leaseAmong(x.e.core.Store.ByClientID(x.client.ID)); l != nil {
			return l
		}
	}
	if len(x.client.HWAddr) == 0 {
		return nil
	}
	for s := range x.candidates() {
		// Whoever has a client identifier is not who has another one.
		anonymous := s.byID && len(x.client.ID) > 0
		var ok bool
		if x.current, ok = x.e.core.Store.LookupHWAddr(x.client.HWAddr, s.id, lease.V4, anonymous); ok && owns(x.client, s.byID, &x.current) {
			return &x.current
		}
	}
	return nil
}

// leaseAmong returns the first of the leases with the client's identifier, in
// the order of the subnets it may be served from, where that counts.
func (x *exchange) leaseAmong(leases []lease.Lease) *lease.Lease {
	if len(leases) == 0 {
		return nil
	}
	for s := range x.candidates() {
		for i := range leases {
			if l := &leases[i]; l.Type == lease.V4 && l.SubnetID == s.id && l.State != lease.Declined && countsID(x.client, s.byID) {
				return l
			}
		}
	}
	return nil
}

// commit makes the lease of a grant durable and returns the acknowledgement.
func (x *exchange) commit(ctx context.Context, g *grant) (*message, error) {
	var changes []lease.Change
	if g.previous != nil {
		changes = append(changes, engine.Removal(*g.previous))
	}
	changes = append(changes, lease.Change{If: lease.Absent})
	change := &changes[len(changes)-1]
	l := &change.Lease
	x.fill(l, g)
	if left := x.reuse(g, l); left > 0 {
		x.e.core.Alloc.Release(g.addr, x.holder)
		x.e.core.Stats.Reused(l)
		g.valid = left
		return x.grantReply(dhcpv4.MessageTypeAck, g), nil
	}
	if g.was != nil {
		change.If = g.was.Revision
	}
	if err := x.commitChanges(ctx, changes...); err != nil {
		return nil, err
	}
	if x.e.core.Log.Enabled(ctx, slog.LevelDebug) {
		x.e.core.Log.Debug("lease", "client", engine.Logged(x.client), "address", g.addr, "subnet", g.subnet.id, "seconds", g.valid)
	}
	if g.was == nil || !g.mine || !engine.InUse(g.was, x.now) {
		x.e.core.Stats.Assigned(l)
	}
	return x.grantReply(dhcpv4.MessageTypeAck, g), nil
}

// commitChanges commits changes of leases that are the client's, or to be.
func (x *exchange) commitChanges(ctx context.Context, changes ...lease.Change) error {
	err := x.e.core.Commit(ctx, changes,
		func(*lease.Lease) string { return x.holder },
		func(l *lease.Lease) bool {
			x.now = time.Now()
			return !x.available(l.Addr, x.p.byID[l.SubnetID])
		})
	if err != nil {
		return fmt.Errorf("dhcp4: %w", err)
	}
	return nil
}

// reuse returns for how long the client may use its lease as it is, in
// seconds; 0: the lease is to be written.
func (x *exchange) reuse(g *grant, l *lease.Lease) uint32 {
	if !g.mine || g.previous != nil || !engine.SameButTimes(g.was, l) || !x.e.core.Confirmed(g.was) {
		return 0
	}
	return g.subnet.cache.Reusable(g.was, l.CLTT)
}

// fill makes l the lease that a grant leads to.
func (x *exchange) fill(l *lease.Lease, g *grant) {
	*l = lease.Lease{
		Type:     lease.V4,
		Addr:     g.addr,
		HWAddr:   x.client.HWAddr,
		SubnetID: g.subnet.id,
		CLTT:     x.now.Unix(),
		ValidLft: g.valid,
		Hostname: g.name.stored,
		State:    lease.Assigned,
	}
	if countsID(x.client, g.subnet.byID) {
		l.ClientID = x.client.ID
	}
	if g.pool != nil {
		l.PoolID = g.pool.id
	}
	if g.mine {
		l.UserContext = g.was.UserContext
	}
	switch info := x.q.options.value(optRelayInfo); {
	case !*g.subnet.params.StoreExtendedInfo:
	case x.p.held != nil:
		l.UserContext = withPlace(l.UserContext, info, x.q.giaddr)
	default:
		l.UserContext = withRelayInfo(l.UserContext, info)
	}
}
