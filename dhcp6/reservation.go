package dhcp6

import "github.com/dhcpha/dhcpha/internal/engine"

// identify collects what is known of the client besides its DUID, and what
// reservations may know it by, most important first.
func (x *exchange) identify() {
	x.findHWAddr()
	x.ids = x.p.identifiers.Of(x.ids[:0], x, func(kind string) []byte {
		switch kind {
		case engine.ByHWAddress:
			return x.client.HWAddr
		case engine.ByDUID:
			return x.client.ID
		}
		return nil
	})
}

// hostIn returns the client's reservation that counts in a subnet, or nil.
func (x *exchange) hostIn(s *subnet) *host {
	if s == nil {
		return nil
	}
	return s.Host(x.ids)
}
