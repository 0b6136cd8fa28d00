package dhcp6

import (
	"context"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

// release ends the leases of a client that gives them back (RFC 9915, section
// 18.3.7). They are removed, as by Kea 2.2: later versions may keep them in the
// state released, which a partner of that version does not know.
func (x *exchange) release(ctx context.Context) (answered bool, err error) {
	return x.giveUp(ctx, released, engine.Removal)
}

// giveUp makes changes of the leases that a client names, and the Reply
// that says so. What is not assigned to the identity association that it is
// named in is ignored. One that there are no leases of is answered NoBinding,
// and the message as such succeeds whatever is in it.
func (x *exchange) giveUp(ctx context.Context, success status, change func(lease.Lease) lease.Change) (answered bool, err error) {
	x.begin(dhcpv6.MessageTypeReply)
	var changes []lease.Change
	for i := range x.all {
		a := &x.all[i]
		known := false
		for _, l := range x.e.core.Store.ByIAID(x.client.ID, a.id) {
			if l.Type != a.typ || !x.owns(a, &l) || !engine.InUse(&l, x.now) {
				continue
			}
			known = true
			if a.names(&l) {
				changes = append(changes, change(l))
			}
		}
		if !known {
			x.e.core.Log.Debug("no such binding", "client", engine.LoggedDUID(x.client), "type", x.typ, "iaid", a.id)
			b := x.newBinding(a)
			b.status = noBinding
			x.addBinding(b, 0, 0)
		}
	}
	if err := x.write(ctx, changes); err != nil {
		return false, err
	}
	x.addStatus(success)
	return true, nil
}

// names says whether a lease is among what the client names.
func (a *ia) names(l *lease.Lease) bool {
	for i := range a.asked {
		if a.asked[i].prefix == prefixOf(l) {
			return true
		}
	}
	return false
}
