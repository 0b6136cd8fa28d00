package dhcp6

import "github.com/dhcpha/dhcpha/internal/engine"

// identify collects what is known of the client besides its DUID, and what
// reservations may know it by, most important first.
func (x *exchange) identify() {
	x.findHWAddr()
	x.ids = x.p.identifiers.Of(x, func(kind string) string {
		switch kind {
		case engine.ByHWAddress:
			return string(x.client.HWAddr)
		case engine.ByDUID:
			return string(x.client.ID)
		}
		return ""
	})
}

// hostIn returns the client's reservation that counts in a subnet, or nil.
func (x *exchange) hostIn(s *subnet) *host {
	if s == nil {
		return nil
	}
	return s.Host(x.ids)
}
