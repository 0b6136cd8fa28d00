package dhcp4

import (
	"net/netip"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/internal/option"
)

// identify collects what reservations may know the client by, most important
// first.
func (x *exchange) identify() {
	x.ids = x.p.identifiers.Of(x.ids[:0], x, func(kind string) []byte {
		switch kind {
		case engine.ByHWAddress:
			return x.client.HWAddr
		case byClientID:
			return x.client.ID
		case engine.ByDUID:
			return duidOf(x.client.ID)
		case byCircuitID:
			return x.relaySuboption(relayCircuitID)
		}
		return nil
	})
}

// relaySuboption returns a sub-option of the relay agent information, or nil.
func (x *exchange) relaySuboption(code uint16) []byte {
	for c, v := range option.V4.Suboptions(x.q.options.value(optRelayInfo)) {
		if c == code {
			return v
		}
	}
	return nil
}

// hostIn returns the client's reservation that counts in a subnet, or nil.
func (x *exchange) hostIn(s *subnet) *host { return s.Host(x.ids) }

// reservedAddress returns the address that is reserved for the client, and the
// subnet it is in. A reservation without an address that a subnet has for the
// client leads it to that subnet, and overrides a global one.
func (x *exchange) reservedAddress() (addr netip.Addr, in *subnet) {
	for s := range x.candidates() {
		h := s.Own.Find(x.ids)
		switch {
		case h == nil:
		case !h.addr.IsValid():
			return netip.Addr{}, s
		case !*s.params.ReservationsOutOfPool || s.poolOf(h.addr) == nil:
			return h.addr, s
		}
	}
	for s := range x.candidates() {
		if h := s.Global.Find(x.ids); h != nil && h.addr.IsValid() && s.prefix.Contains(h.addr) {
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
	return engine.ForOther(s.reserved[addr], (*host).identifier, x.ids)
}
