package dhcp4

import (
	"net/netip"
	"slices"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/internal/option"
)

// identify collects what reservations may know the client by, most important
// first.
func (x *exchange) identify() {
	for _, kind := range x.p.identifiers {
		var value string
		switch kind {
		case byHWAddress:
			value = string(x.client.HWAddr)
		case byClientID:
			value = string(x.client.ID)
		case byDUID:
			value = string(duidOf(x.client.ID))
		case byCircuitID:
			value = string(x.relaySuboption(relayCircuitID))
		case byFlexID:
			if x.p.flexID == nil {
				continue
			}
			var err error
			if value, err = x.p.flexID.Eval(x.packet()); err != nil {
				x.e.core.Log.Debug("flexible identifier not evaluated", "client", engine.Logged(x.client), "error", err)
			}
		}
		if value != "" {
			x.ids = append(x.ids, hostID{kind, value})
		}
	}
}

// relaySuboption returns a sub-option of the relay agent information, or nil.
func (x *exchange) relaySuboption(code uint16) []byte {
	for c, v := range option.V4.Suboptions(x.m.Options[optRelayInfo]) {
		if c == code {
			return v
		}
	}
	return nil
}

// globalHost returns the client's global reservation where the subnet uses
// such.
func (x *exchange) globalHost(s *subnet) *host {
	if s == nil || !*s.params.ReservationsGlobal {
		return nil
	}
	return x.p.hosts.find(x.ids)
}

// hostIn returns the client's reservation that counts in a subnet: that of the
// subnet, or else the global one.
func (x *exchange) hostIn(s *subnet) *host {
	if s != nil && *s.params.ReservationsInSubnet {
		if h := s.hosts.find(x.ids); h != nil {
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

// reservedAddress returns the address that is reserved for the client, and the
// subnet it is in. A reservation without an address that a subnet has for the
// client leads it to that subnet, and overrides a global one.
func (x *exchange) reservedAddress() (addr netip.Addr, in *subnet) {
	for s := range x.candidates(x.subnet) {
		if !*s.params.ReservationsInSubnet {
			continue
		}
		h := s.hosts.find(x.ids)
		switch {
		case h == nil:
		case !h.addr.IsValid():
			return netip.Addr{}, s
		case !*s.params.ReservationsOutOfPool || s.poolOf(h.addr) == nil:
			return h.addr, s
		}
	}
	for s := range x.candidates(x.subnet) {
		if h := x.globalHost(s); h != nil && h.addr.IsValid() && s.prefix.Contains(h.addr) {
			return h.addr, s
		}
	}
	return netip.Addr{}, nil
}

// reservedForOther says whether an address of the subnet is reserved, and not
// for this client. With reservations-out-of-pool, pools are known to have no
// reserved addresses.
func (x *exchange) reservedForOther(addr netip.Addr, s *subnet) bool {
	if *s.params.ReservationsOutOfPool && s.poolOf(addr) != nil {
		return false
	}
	hs := s.reserved[addr]
	return len(hs) > 0 && !slices.ContainsFunc(hs, func(h *host) bool { return slices.Contains(x.ids, h.id) })
}
