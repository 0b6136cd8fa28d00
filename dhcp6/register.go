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

// A client chooses what it registers, and for how long, and may call itself as
// it likes. What is kept of that has bounds.
const (
	// maxRegistration is for how many seconds at most: for as long as addresses
	// that hosts make for themselves are valid (RFC 4861, section 6.2.1) unless
	// their router says something else. One that lasts longer may be forgotten
	// before its client registers it anew (RFC 9686, section 4.6): that is every
	// four hours if it is configured, but after 0.8 of its lifetime if it is of a
	// router's prefix.
	maxRegistration = 30 * 24 * 60 * 60
	// maxOwnRegistered is how many addresses of one client.
	maxOwnRegistered = 256
	// maxRegistered is how many of a subnet.
	maxRegistered = 1 << 16
)

// registers says whether clients may register addresses.
func (p *plan) registers() bool {
	return p.cfg.AllowAddressRegistration == nil || *p.cfg.AllowAddressRegistration
}

// register notes the address that a client has made for itself (RFC 9686,
// section 4.2.1). What is not as it should be is not answered.
func (x *exchange) register(ctx context.Context) (answered bool, err error) {
	o, w, ok := x.registration()
	if !ok {
		x.drop("not the address that it was sent from")
		return false, nil
	}
	addr := w.prefix.Addr()
	s, reason := x.registersIn(addr, w.valid)
	if reason != "" {
		// As a warning, for these are throttled: anybody can bring it about.
		x.e.core.Log.Warn("address not registered", "client", engine.LoggedDUID(x.client), "address", addr, "reason", reason)
		x.drop(reason)
		return false, nil
	}
	name := x.nameOf(s, nil, x.hostIn(s), addr)
	l := &lease.Lease{
		Type: lease.NA, Addr: addr, ClientID: x.client.ID, HWAddr: x.client.HWAddr, HWType: x.hwType, HWSource: x.hwSource,
		SubnetID: s.id, CLTT: x.now.Unix(), ValidLft: min(w.valid, maxRegistration), PreferredLft: min(w.preferred, maxRegistration), Hostname: name.stored, State: lease.Registered,
	}
	if x.counted(s, addr) {
		l.UserContext = withRelayInfo(nil, x.in.relays)
	}
	before, _ := x.e.core.Store.Lookup(l.Key())
	if err := x.write(ctx, x.registering(l)); err != nil {
		return false, err
	}
	// The server "MUST log the address registration information", as it does for
	// leases. Those are told of at the same level.
	x.e.core.Log.Debug("address registered", "client", engine.LoggedDUID(x.client), "address", addr, "subnet", s.id, "seconds", l.ValidLft)
	if l.ValidLft > 0 && before.State != lease.Registered {
		x.e.core.Stats.Count(registeredAddresses, s.id)
	}
	x.begin(typeRegistered)
	x.add(dhcpv6.OptionIAAddr, o)
	x.addName(name)
	return true, nil
}

// registering returns the change that a registration leads to. With a valid
// lifetime of 0 the client says that it does not use the address any more.
func (x *exchange) registering(l *lease.Lease) []lease.Change {
	old, ok := x.e.core.Store.Lookup(l.Key())
	same := ok && string(old.ClientID) == string(l.ClientID)
	switch {
	case l.ValidLft == 0 && same && old.State == lease.Registered:
		return []lease.Change{engine.Removal(old)}
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
func (x *exchange) registration() (o []byte, w wish, ok bool) {
	from := x.q.Source.Addr().WithZone("")
	if r := x.in.nearest(); r != nil {
		from = r.peer()
	}
	for code, value := range options(x.m.options()) {
		switch code {
		case dhcpv6.OptionIAAddr:
			if o != nil {
				return nil, w, false
			}
			o = value
		case dhcpv6.OptionORO:
			return nil, w, false
		}
	}
	if !isWellFormed(dhcpv6.OptionIAAddr, o) {
		return nil, w, false
	}
	w = wishOfAddress(o)
	return o, w, w.prefix.Addr() == from
}

// registersIn returns the subnet that an address is registered in, or says why
// it is not the client's to register for so many seconds.
func (x *exchange) registersIn(addr netip.Addr, valid uint32) (s *subnet, reason string) {
	l, there := x.e.core.Store.Lookup(lease.Key{Type: lease.NA, Addr: addr})
	s = x.subnetAt(addr)
	switch {
	case !x.p.registers():
		return nil, "registration is not allowed"
	case x.subnet == nil:
		return nil, "no subnet"
	case s == nil && !x.delegated(addr):
		return nil, "it is not of the client's link"
	case there && engine.InUse(&l, x.now) && l.State != lease.Registered:
		return nil, "it is leased"
	case s == nil:
		s = x.subnet
	case len(s.reserved.hosts[netip.PrefixFrom(addr, 128)]) > 0:
		return nil, "it is reserved"
	}
	known := there && l.State == lease.Registered
	switch own := known && string(l.ClientID) == string(x.client.ID); {
	case valid == 0:
	case !own && x.registered() >= maxOwnRegistered:
		return nil, "the client has registered too many"
	case !known && x.e.core.Store.Count(s.id, lease.Registered, lease.NA) >= maxRegistered:
		return nil, "too many are registered in the subnet"
	case !own && x.counted(s, addr) && !x.registersWithin(addr, s):
		return nil, "a limit is reached"
	}
	return s, ""
}

// registered counts the addresses that the client has registered. They have no
// IAID.
func (x *exchange) registered() (n int) {
	for _, l := range x.e.core.Store.ByIAID(x.client.ID, 0) {
		if l.State == lease.Registered {
			n++
		}
	}
	return n
}

// delegated says whether an address is of a prefix that is delegated to the
// client.
func (x *exchange) delegated(addr netip.Addr) bool {
	for l := range x.e.core.Store.Overlapping(netip.PrefixFrom(addr, 128)) {
		if l.Type == lease.PD && engine.InUse(&l, x.now) && string(l.ClientID) == string(x.client.ID) {
			return true
		}
	}
	return false
}
