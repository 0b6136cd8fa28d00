package dhcp4

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/dhcpha/dhcpha/internal/conf"
)

// network checks a shared network and its subnets.
func (ck *checker) network(path string, n *SharedNetwork, global *Params) {
	if n.Name == "" {
		ck.Errorf(at(path, "name"), "is missing")
	} else if first, twice := ck.networks[n.Name]; twice {
		ck.Errorf(at(path, "name"), "%q is already the name of %s", n.Name, first)
	} else {
		ck.networks[n.Name] = path
	}
	effective := n.Params.Inherit(*global)
	ck.params(path, "", &n.Params, &effective)
	ck.selection(path, &n.Selection)
	ck.haServer(path, n.UserContext)
	ck.optionData(path, n.OptionData, ck.defs)

	// All clients of a shared network are on one link, and until one of its
	// subnets is chosen, the network speaks for all of them.
	link := n.Interface
	for i := range n.Subnets {
		s := &n.Subnets[i]
		subnetPath := at(path, index("subnet4", i))
		ck.subnet(subnetPath, s, &effective)
		if s.Interface != "" && link != "" && s.Interface != link {
			ck.Errorf(at(subnetPath, "interface"), "%q differs from %q, which the shared network or a subnet before has", s.Interface, link)
		}
		link = cmp.Or(link, s.Interface)
		if a := s.Authoritative; a != nil && *a != *effective.Authoritative {
			ck.Errorf(at(subnetPath, "authoritative"), "is %t, but that of the shared network is %t", *a, !*a)
		}
	}
}

// subnet checks a subnet and what is in it, given the parameters in effect
// above it.
func (ck *checker) subnet(path string, s *Subnet, above *Params) {
	if s.ID == 0 || s.ID == math.MaxUint32 {
		ck.Errorf(at(path, "id"), "%d is out of range, 1 to %d", s.ID, uint32(math.MaxUint32-1))
	} else if first, twice := ck.ids[s.ID]; twice {
		ck.Errorf(at(path, "id"), "%d is already the id of %s; subnets without an id are numbered from 1", s.ID, first)
	} else {
		ck.ids[s.ID] = path
	}
	effective := s.Params.Inherit(*above)
	ck.params(path, "", &s.Params, &effective)
	ck.selection(path, &s.Selection)
	ck.haServer(path, s.UserContext)
	ck.optionData(path, s.OptionData, ck.defs)

	switch {
	case !s.Subnet.IsValid():
		ck.Errorf(at(path, "subnet"), "is missing")
		return
	case !s.Subnet.Addr().Is4():
		ck.Errorf(at(path, "subnet"), "%s is not an IPv4 prefix", s.Subnet)
		return
	case s.Subnet != s.Subnet.Masked():
		ck.Errorf(at(path, "subnet"), "%s has bits beyond its length set; %s is meant", s.Subnet, s.Subnet.Masked())
		return
	}
	if first, twice := ck.prefixes[s.Subnet]; twice {
		ck.Errorf(at(path, "subnet"), "%s is already the prefix of %s", s.Subnet, first)
	} else {
		ck.prefixes[s.Subnet] = path
		first, last := conf.Ends(s.Subnet)
		ck.links = append(ck.links, placedRange{Range{First: first, Last: last}, at(path, "subnet")})
	}
	for i := range s.Pools {
		ck.pool(at(path, index("pools", i)), &s.Pools[i], s)
	}
	ck.reservations(path, s.Reservations, s)
}

func (ck *checker) selection(path string, s *Selection) {
	if s.Interface != "" {
		ck.interfaceName(at(path, "interface"), s.Interface)
	}
	ck.guard(path, &s.Guard)
	seen := map[string]bool{}
	for _, a := range s.Relay.Addresses() {
		if !a.Is4() {
			ck.Errorf(at(path, "relay"), "%s is not an IPv4 address", a)
		} else if seen[a.String()] {
			ck.Errorf(at(path, "relay"), "%s is there twice", a)
		}
		seen[a.String()] = true
	}
}

// haServer checks what assigns a network or subnet to a server.
func (ck *checker) haServer(path string, userContext json.RawMessage) {
	var members struct {
		Server json.RawMessage `json:"ha-server-name"`
	}
	var name string
	if json.Unmarshal(userContext, &members) == nil && members.Server != nil && json.Unmarshal(members.Server, &name) != nil {
		ck.Errorf(at(path, "user-context.ha-server-name"), "must be a string, the name of a server")
	}
}

func (ck *checker) pool(path string, p *Pool, s *Subnet) {
	ck.paramsAlone(path, "pool", &p.Params)
	ck.guard(path, &p.Guard)
	ck.optionData(path, p.OptionData, ck.defs)
	switch {
	case !p.Range.First.IsValid() && !p.Range.Last.IsValid():
		ck.Errorf(at(path, "pool"), "is missing")
	case !p.Range.First.Is4() || !p.Range.Last.Is4() || p.Range.Last.Less(p.Range.First):
		ck.Errorf(at(path, "pool"), "%s is not a range of IPv4 addresses", p.Range)
	case !s.Subnet.Contains(p.Range.First) || !s.Subnet.Contains(p.Range.Last):
		ck.Errorf(at(path, "pool"), "%s is not within the subnet %s", p.Range, s.Subnet)
	default:
		ck.pools = append(ck.pools, placedRange{p.Range, at(path, "pool")})
	}
}

// overlaps reports pools that have addresses in common, whether in one subnet
// or in two: a lease belongs to one of them. Kea allows subnets that overlap,
// so these are only warned of.
func (ck *checker) overlaps() {
	for _, o := range overlapping(ck.pools) {
		ck.Errorf(o[1].path, "%s overlaps %s, which is %s", o[1].Range, o[0].Range, o[0].path)
	}
	for _, o := range overlapping(ck.links) {
		ck.Warnf(o[1].path, "overlaps %s", o[0].path)
	}
}

// overlapping returns pairs of ranges that overlap: each range with the one
// that reaches furthest of those that begin before it.
func overlapping(ranges []placedRange) (pairs [][2]placedRange) {
	slices.SortStableFunc(ranges, func(a, b placedRange) int { return a.First.Compare(b.First) })
	for i, furthest := 0, 0; i < len(ranges); i++ {
		if i > 0 && ranges[furthest].Overlaps(ranges[i].Range) {
			pairs = append(pairs, [2]placedRange{ranges[furthest], ranges[i]})
		}
		if ranges[furthest].Last.Less(ranges[i].Last) {
			furthest = i
		}
	}
	return pairs
}

// index returns the path of a list's element.
func index(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }
