package dhcp6

import (
	"slices"

	"github.com/dhcpha/dhcpha/internal/engine"
)

// identify collects what is known of the client besides its DUID, and what
// reservations may know it by, most important first.
func (x *exchange) identify() {
	x.findHWAddr()
	for _, kind := range x.p.identifiers {
		var value string
		switch kind {
		case engine.ByHWAddress:
			value = string(x.client.HWAddr)
		case engine.ByDUID:
			value = string(x.client.ID)
		case engine.ByFlexID:
			if x.p.flexID == nil {
				continue
			}
			var err error
			if value, err = x.p.flexID.Eval(x.Packet()); err != nil {
				x.e.core.Log.Debug("flexible identifier not evaluated", "client", engine.LoggedDUID(x.client), "error", err)
			}
		}
		if value != "" {
			x.ids = append(x.ids, hostID{Kind: kind, Value: value})
		}
	}
}

// globalHost returns the client's global reservation where the subnet uses
// such.
func (x *exchange) globalHost(s *subnet) *host {
	if s == nil || !*s.params.ReservationsGlobal {
		return nil
	}
	return x.p.hosts.Find(x.ids)
}

// hostIn returns the client's reservation that counts in a subnet: that of the
// subnet, or else the global one.
func (x *exchange) hostIn(s *subnet) *host {
	if s != nil && *s.params.ReservationsInSubnet {
		if h := s.hosts.Find(x.ids); h != nil {
			return h
		}
	}
	return x.globalHost(s)
}

// known says whether the client has a reservation, in the subnet or another
// one of its network.
func (x *exchange) known() bool {
	if x.subnet == nil {
		return false
	}
	return slices.ContainsFunc(x.subnet.siblings(), func(s *subnet) bool { return x.hostIn(s) != nil })
}
