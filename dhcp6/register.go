package dhcp6

import (
	"context"
	"net/netip"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

// Address registration (RFC 9686).
const (
	typeRegister   = dhcpv6.MessageTypeAddrRegInform
	typeRegistered = dhcpv6.MessageTypeAddrRegReply

	// optRegisterEnable tells clients that they may register addresses.
	optRegisterEnable dhcpv6.OptionCode = 148
)

// registers says whether clients may register addresses.
func (p *plan) registers() bool {
	return p.cfg.AllowAddressRegistration == nil || *p.cfg.AllowAddressRegistration
}

// register notes the address that a client has made for itself (RFC 9686,
// section 4.2.1). What is not as it should be is not answered.
func (x *exchange) register(ctx context.Context) (*Reply, error) {
	o, w, ok := x.registration()
	if !ok {
		x.drop("not the address that it was sent from")
		return nil, nil
	}
	s, h := x.subnet, x.hostIn(x.subnet)
	addr := w.prefix.Addr()
	if reason := x.unregistrable(addr); reason != "" {
		x.e.core.Log.Info("address not registered", "client", engine.LoggedDUID(x.client), "address", addr, "reason", reason)
		x.drop(reason)
		return nil, nil
	}
	name := x.nameOf(s, nil, h, addr)
	l := &lease.Lease{
		Type: lease.NA, Addr: addr, ClientID: x.client.ID, HWAddr: x.client.HWAddr, HWType: x.hwType, HWSource: x.hwSource,
		SubnetID: s.id, CLTT: x.now.Unix(), ValidLft: w.valid, PreferredLft: w.preferred, Hostname: name.stored, State: lease.Registered,
	}
	before, _ := x.e.core.Store.Lookup(l.Key())
	if err := x.write(ctx, x.registering(l)); err != nil {
		return nil, err
	}
	if l.ValidLft > 0 && before.State != lease.Registered {
		x.e.core.Stats.Count(registeredAddresses, s.id)
	}
	r := x.newReply(typeRegistered)
	r.AddOption(o)
	name.addTo(r)
	return &Reply{Message: r}, nil
}

// registering returns the change that a registration leads to. With a valid
// lifetime of 0 the client says that it does not use the address any more.
func (x *exchange) registering(l *lease.Lease) []lease.Change {
	old, ok := x.e.core.Store.Lookup(l.Key())
	same := ok && string(old.ClientID) == string(l.ClientID)
	switch {
	case l.ValidLft == 0 && same && old.State == lease.Registered:
		return []lease.Change{removal(old)}
	case l.ValidLft == 0:
		return nil
	case !ok:
		return []lease.Change{{Lease: *l, If: lease.Absent}}
	case !same && engine.InUse(&old, x.now):
		x.e.core.Log.Warn("address registered by another client before", "client", engine.LoggedDUID(x.client), "address", l.Addr, "before", engine.LoggedDUID(lease.Client{ID: old.ClientID, HWAddr: old.HWAddr}))
	}
	return []lease.Change{{Lease: *l, If: old.Revision}}
}

// registration returns the address that the client wants to register, which has
// to be that it sent the message from.
func (x *exchange) registration() (o dhcpv6.Option, w wish, ok bool) {
	from := x.q.Source.Addr().WithZone("")
	if n := len(x.q.Relays); n > 0 {
		from = addressOf(x.q.Relays[n-1].PeerAddr)
	}
	for _, other := range x.m.Options.Options {
		switch other.Code() {
		case dhcpv6.OptionIAAddr:
			if o != nil {
				return nil, w, false
			}
			o = other
		case optRequest:
			return nil, w, false
		}
	}
	if o == nil {
		return nil, w, false
	}
	asked := askedAddresses(dhcpv6.Options{o})
	if len(asked) == 0 || asked[0].prefix.Addr() != from {
		return nil, w, false
	}
	return o, asked[0], true
}

// unregistrable says why an address is not the client's to register; empty: it
// is.
func (x *exchange) unregistrable(addr netip.Addr) string {
	switch l, ok := x.e.core.Store.Lookup(lease.Key{Type: lease.NA, Addr: addr}); {
	case !x.p.registers():
		return "registration is not allowed"
	case x.subnet == nil:
		return "no subnet"
	case !x.appropriate(addr) && !x.delegated(addr):
		return "it is not of the client's link"
	case ok && engine.InUse(&l, x.now) && l.State != lease.Registered:
		return "it is leased"
	case len(x.subnet.reserved.hosts[netip.PrefixFrom(addr, 128)]) > 0:
		return "it is reserved"
	}
	return ""
}

// delegated says whether an address is of a prefix that is delegated to the
// client.
func (x *exchange) delegated(addr netip.Addr) bool {
	for _, l := range x.e.core.Store.ByClientID(x.client.ID) {
		if l.Type == lease.PD && engine.InUse(&l, x.now) && prefixOf(&l).Contains(addr) {
			return true
		}
	}
	return false
}
