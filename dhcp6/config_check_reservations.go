package dhcp6

import (
	"net/netip"

	"github.com/dhcpha/dhcpha/internal/conf"
)

// hostKinds are the kinds of identifier that a reservation may have.
func hostKinds() []string { return []string{"hw-address", "duid", "flex-id"} }

// identifiers returns the identifiers that a reservation has.
func (r *Reservation) identifiers() []conf.HostID {
	return conf.Given(conf.HostID{Kind: "hw-address", ID: r.HWAddress}, conf.HostID{Kind: "duid", ID: r.DUID}, conf.HostID{Kind: "flex-id", ID: r.FlexID})
}

// reservations checks the reservations of a subnet, or the global ones if
// there is no subnet.
func (ck *checker) reservations(path string, list []Reservation, s *Subnet) {
	clients := map[string]string{}
	reserved := map[netip.Addr]string{} // path by address, or first address of a prefix
	for i := range list {
		r := &list[i]
		path := conf.At(path, conf.Index("reservations", i))
		ck.HostIDs(path, r.identifiers(), hostKinds(), clients)
		ck.OptionData(path, r.OptionData, ck.Defs)
		for j, a := range r.IPAddresses {
			path := conf.At(path, conf.Index("ip-addresses", j))
			switch {
			case !ck.IsOurs(a) || a.IsUnspecified() || a.IsMulticast():
				ck.Errorf(path, "%s cannot be given to an IPv6 client", a)
			case s != nil && !s.Subnet.Contains(a):
				ck.Errorf(path, "%s is not within the subnet %s", a, s.Subnet)
			default:
				ck.once(path, a, a.String(), reserved)
			}
		}
		ck.prefixes(path, r, reserved)
		if len(r.IPAddresses)+len(r.Prefixes)+len(r.ClientClasses)+len(r.OptionData) == 0 && r.Hostname == "" {
			ck.Errorf(path, "reserves nothing: no address, prefix, hostname, option or class")
		}
	}
}

// prefixes checks the prefixes of a reservation, which need not be within the
// subnet.
func (ck *checker) prefixes(path string, r *Reservation, reserved map[netip.Addr]string) {
	if n := len(r.ExcludedPrefixes); n > 0 && n != len(r.Prefixes) {
		ck.Errorf(conf.At(path, "excluded-prefixes"), "has %d elements, but prefixes has %d; write \"\" for one that excludes nothing", n, len(r.Prefixes))
		return
	}
	for j, p := range r.Prefixes {
		at := conf.At(path, conf.Index("prefixes", j))
		switch {
		case !p.IsValid() || !ck.IsOurs(p.Addr()) || p.Bits() == 0 || p.Addr().IsMulticast():
			ck.Errorf(at, "%s cannot be delegated to an IPv6 client", p)
			continue
		case p != p.Masked():
			ck.Errorf(at, "%s has bits beyond its length set; %s is meant", p, p.Masked())
			continue
		}
		ck.once(at, p.Addr(), p.String(), reserved)
		if len(r.ExcludedPrefixes) == 0 || r.ExcludedPrefixes[j] == "" {
			continue
		}
		at = conf.At(path, conf.Index("excluded-prefixes", j))
		if excluded, err := netip.ParsePrefix(r.ExcludedPrefixes[j]); err != nil {
			ck.Errorf(at, "%q is not a prefix such as 2001:db8::/32", r.ExcludedPrefixes[j])
		} else if excluded.Bits() > 0 {
			ck.excluded(at, excluded, p)
		}
	}
}

// once reports an address or prefix that another reservation has, unless that
// is allowed.
func (ck *checker) once(path string, a netip.Addr, text string, reserved map[netip.Addr]string) {
	first, twice := reserved[a]
	if twice && (ck.cfg.IPReservationsUnique == nil || *ck.cfg.IPReservationsUnique) {
		ck.Errorf(path, "%s is already reserved by %s", text, first)
	}
	reserved[a] = path
}
