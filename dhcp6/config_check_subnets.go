package dhcp6

import "github.com/dhcpha/dhcpha/internal/conf"

// network checks a shared network and its subnets.
func (ck *checker) network(path string, n *SharedNetwork, global *Params, limits conf.Limits) {
	ck.Network(path, n.Name)
	effective := n.Params.inherit(*global)
	ck.params(path, "", &n.Params, &effective)
	ck.selection(path, &n.Selection)
	ck.HAServer(path, n.UserContext)
	limits = ck.Limits(path, conf.Limited{UserContext: n.UserContext, StoreExtendedInfo: n.StoreExtendedInfo}, limits, *effective.StoreExtendedInfo)
	ck.OptionData(path, n.OptionData, ck.Defs)

	// Until one of its subnets is chosen, one speaks for all of them.
	link, rapid := n.Interface, false
	for i := range n.Subnets {
		s := &n.Subnets[i]
		subnetPath := conf.At(path, conf.Index("subnet6", i))
		ck.subnet(subnetPath, s, &effective, limits)
		link = ck.Link(subnetPath, s.Interface, link)
		switch r := *s.Params.inherit(effective).RapidCommit; {
		case i == 0:
			rapid = r
		case r != rapid:
			ck.Errorf(conf.At(subnetPath, "rapid-commit"), "is %t, but that of the subnets before is %t", r, rapid)
		}
	}
}

// subnet checks a subnet and what is in it, given the parameters and limits in
// effect above it.
func (ck *checker) subnet(path string, s *Subnet, above *Params, limits conf.Limits) {
	ck.SubnetID(path, s.ID)
	effective := s.Params.inherit(*above)
	ck.params(path, "", &s.Params, &effective)
	ck.selection(path, &s.Selection)
	ck.HAServer(path, s.UserContext)
	ck.Limits(path, conf.Limited{UserContext: s.UserContext, StoreExtendedInfo: s.StoreExtendedInfo}, limits, *effective.StoreExtendedInfo)
	ck.OptionData(path, s.OptionData, ck.Defs)
	for i := range s.PDPools {
		ck.pdPool(conf.At(path, conf.Index("pd-pools", i)), &s.PDPools[i])
	}
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

// selection checks what leads queries to a network or subnet.
func (ck *checker) selection(path string, s *Selection) {
	ck.Selection(path, s.Interface, &s.Relay, &s.Guard)
	if s.Interface != "" && s.InterfaceID != "" {
		ck.Errorf(conf.At(path, "interface-id"), "cannot be given together with interface: clients are on a link of the server's, or of a relay agent's")
	}
	if len(s.InterfaceID) > maxOption {
		ck.Errorf(conf.At(path, "interface-id"), "has %d bytes; an option has at most %d", len(s.InterfaceID), maxOption)
	}
}

// maxOption is how many bytes the value of an option can have.
const maxOption = 65535
