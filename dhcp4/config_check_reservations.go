package dhcp4

import (
	"net/netip"
	"slices"
)

// identifier is an identifier of a reservation and the name of its kind.
type identifier struct {
	kind string
	id   Identifier
}

// identifiers returns the identifiers that a reservation has.
func (r *Reservation) identifiers() []identifier {
	all := []identifier{
		{"hw-address", r.HWAddress}, {"duid", r.DUID}, {"circuit-id", r.CircuitID}, {"client-id", r.ClientID}, {"flex-id", r.FlexID},
	}
	return slices.DeleteFunc(all, func(i identifier) bool { return len(i.id) == 0 })
}

// maxIdentifier is how many bytes an identifier of each kind may have: those
// of chaddr with Kea's margin, of a DUID (RFC 8415, section 11.1), and of a
// DHCPv4 option.
func maxIdentifier(kind string) int {
	switch kind {
	case "hw-address":
		return 20
	case "duid":
		return 130
	}
	return 255
}

// reservations checks the reservations of a subnet, or the global ones if
// there is no subnet.
func (ck *checker) reservations(path string, list []Reservation, s *Subnet) {
	unique := ck.cfg.IPReservationsUnique == nil || *ck.cfg.IPReservationsUnique
	clients := map[string]string{}
	addresses := map[netip.Addr]string{}
	for i := range list {
		r := &list[i]
		path := at(path, index("reservations", i))
		ids := r.identifiers()
		if len(ids) != 1 {
			ck.Errorf(path, "has %d identifiers; it must have one, of hw-address, duid, circuit-id, client-id and flex-id", len(ids))
		}
		for _, one := range ids {
			kind, id := one.kind, one.id
			if limit := maxIdentifier(kind); len(id) > limit {
				ck.Errorf(at(path, kind), "has %d bytes; it may have %d", len(id), limit)
			}
			if first, twice := clients[kind+string(id)]; twice {
				ck.Errorf(at(path, kind), "%s is already the identifier of %s", id, first)
			} else {
				clients[kind+string(id)] = path
			}
		}

		ck.paramsAlone(path, "host", &r.Params)
		ck.optionData(path, r.OptionData, ck.defs)
		if !r.IPAddress.IsValid() && r.Hostname == "" && len(r.ClientClasses) == 0 && len(r.OptionData) == 0 && r.Params == (Params{}) {
			ck.Errorf(path, "reserves nothing: no address, hostname, option, class or boot field")
		}
		if !r.IPAddress.IsValid() {
			continue
		}
		first, twice := addresses[r.IPAddress]
		switch {
		case !r.IPAddress.Is4() || r.IPAddress.IsUnspecified() || r.IPAddress == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
			ck.Errorf(at(path, "ip-address"), "%s cannot be given to an IPv4 client", r.IPAddress)
		case s != nil && !s.Subnet.Contains(r.IPAddress):
			ck.Errorf(at(path, "ip-address"), "%s is not within the subnet %s", r.IPAddress, s.Subnet)
		case twice && unique:
			ck.Errorf(at(path, "ip-address"), "%s is already reserved by %s", r.IPAddress, first)
		}
		addresses[r.IPAddress] = path
	}
}
