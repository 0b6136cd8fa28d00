package dhcp4

import (
	"net/netip"

	"github.com/dhcpha/dhcpha/internal/conf"
)

// hostKinds are the kinds of identifier that a reservation may have.
func hostKinds() []string {
	return []string{"hw-address", "duid", "circuit-id", "client-id", "flex-id"}
}

// identifiers returns the identifiers that a reservation has.
func (r *Reservation) identifiers() []conf.HostID {
	return conf.Given(conf.HostID{Kind: "hw-address", ID: r.HWAddress}, conf.HostID{Kind: "duid", ID: r.DUID},
		conf.HostID{Kind: "circuit-id", ID: r.CircuitID}, conf.HostID{Kind: "client-id", ID: r.ClientID}, conf.HostID{Kind: "flex-id", ID: r.FlexID})
}

// reservations checks the reservations of a subnet, or the global ones if
// there is no subnet.
func (ck *checker) reservations(path string, list []Reservation, s *Subnet) {
	unique := ck.cfg.IPReservationsUnique == nil || *ck.cfg.IPReservationsUnique
	clients := map[string]string{}
	addresses := map[netip.Addr]string{}
	for i := range list {
		r := &list[i]
		path := conf.At(path, conf.Index("reservations", i))
		ck.HostIDs(path, r.identifiers(), hostKinds(), clients)
		ck.paramsAlone(path, "host", &r.Params)
		ck.OptionData(path, r.OptionData, ck.Defs)
		if !r.IPAddress.IsValid() && r.Hostname == "" && len(r.ClientClasses) == 0 && len(r.OptionData) == 0 && r.Params == (Params{}) {
			ck.Errorf(path, "reserves nothing: no address, hostname, option, class or boot field")
		}
		if !r.IPAddress.IsValid() {
			continue
		}
		first, twice := addresses[r.IPAddress]
		switch {
		case !r.IPAddress.Is4() || r.IPAddress.IsUnspecified() || r.IPAddress == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
			ck.Errorf(conf.At(path, "ip-address"), "%s cannot be given to an IPv4 client", r.IPAddress)
		case s != nil && !s.Subnet.Contains(r.IPAddress):
			ck.Errorf(conf.At(path, "ip-address"), "%s is not within the subnet %s", r.IPAddress, s.Subnet)
		case twice && unique:
			ck.Errorf(conf.At(path, "ip-address"), "%s is already reserved by %s", r.IPAddress, first)
		}
		addresses[r.IPAddress] = path
	}
}
