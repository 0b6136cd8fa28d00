package dhcp4

import "github.com/dhcpha/dhcpha/internal/conf"

// network checks a shared network and its subnets.
func (ck *checker) network(path string, n *SharedNetwork, global *Params, limits conf.Limits) {
	ck.Network(path, n.Name)
	effective := n.Params.inherit(*global)
	ck.params(path, "", &n.Params, &effective)
	ck.Selection(path, n.Interface, &n.Relay, &n.Guard)
	ck.HAServer(path, n.UserContext)
	limits = ck.Limits(path, conf.Limited{UserContext: n.UserContext, StoreExtendedInfo: n.StoreExtendedInfo}, limits, *effective.StoreExtendedInfo)
	ck.OptionData(path, n.OptionData, ck.Defs)

	// Until one of its subnets is chosen, the network speaks for all of them.
	link := n.Interface
	for i := range n.Subnets {
		s := &n.Subnets[i]
		subnetPath := conf.At(path, conf.Index("subnet4", i))
		ck.subnet(subnetPath, s, &effective, limits)
		link = ck.Link(subnetPath, s.Interface, link)
		if a := s.Authoritative; a != nil && *a != *effective.Authoritative {
			ck.Errorf(conf.At(subnetPath, "authoritative"), "is %t, but that of the shared network is %t", *a, !*a)
		}
	}
}

// subnet checks a subnet and what is in it, given the parameters and limits in
// effect above it.
func (ck *checker) subnet(path string, s *Subnet, above *Params, limits conf.Limits) {
	ck.SubnetID(path, s.ID)
	effective := s.Params.inherit(*above)
	ck.params(path, "", &s.Params, &effective)
	ck.Selection(path, s.Interface, &s.Relay, &s.Guard)
	ck.HAServer(path, s.UserContext)
	ck.Limits(path, conf.Limited{UserContext: s.UserContext, StoreExtendedInfo: s.StoreExtendedInfo}, limits, *effective.StoreExtendedInfo)
	ck.OptionData(path, s.OptionData, ck.Defs)
	if !ck.SubnetPrefix(path, s.Subnet) {
		return
	}
	for i := range s.Pools {
		p := &s.Pools[i]
		path := conf.At(path, conf.Index("pools", i))
		ck.paramsAlone(path, "pool", &p.Params)
		ck.Guard(path, &p.Guard)
		ck.NoLimits(path, p.UserContext)
		ck.OptionData(path, p.OptionData, ck.Defs)
		ck.Pool(path, p.Range, s.Subnet)
	}
	ck.reservations(path, s.Reservations, s)
}
