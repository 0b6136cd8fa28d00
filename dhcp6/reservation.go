package dhcp6

import "github.com/dhcpha/dhcpha/internal/engine"

// identify collects what is known of the client besides its DUID, what
// reservations may know it by, most important first, and for whom what it is given
// is held.
func (x *exchange) identify() {
	x.findHWAddr()
	x.idRoom = x.p.identifiers.Of(x.idRoom[:0], x, func(kind string) []byte {
		switch kind {
		case engine.ByHWAddress:
			return x.client.HWAddr
		case engine.ByDUID:
			return x.client.ID
		}
		return nil
	})
	x.ids = x.idRoom
	// Each key is a string of its own: it may be kept for longer than the others,
	// which would then be kept with it.
	for i := range x.all {
		a := &x.all[i]
		a.holder = holderOf(a.typ, a.id, x.client.ID)
	}
	if len(x.all) > 0 {
		x.name = x.all[0].holder[holderHead:]
	} else {
		x.name = string(x.client.ID)
	}
}

// hostIn returns the client's reservation that counts in a subnet, or nil.
func (x *exchange) hostIn(s *subnet) *host {
	if s == nil {
		return nil
	}
	return s.Host(x.ids)
}
