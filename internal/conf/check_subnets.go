package conf

import (
	"math"
	"net/netip"
	"slices"
)

// placed is a range and the path where it is configured.
type placed struct {
	Range
	path, text string
}

// Network checks the name of a shared network.
func (ck *Checker) Network(path, name string) {
	if name == "" {
		ck.Errorf(At(path, "name"), "is missing")
	} else if first, twice := ck.networks[name]; twice {
		ck.Errorf(At(path, "name"), "%q is already the name of %s", name, first)
	} else {
		ck.networks[name] = path
	}
}

// SubnetID checks the id of a subnet.
func (ck *Checker) SubnetID(path string, id uint32) {
	if id == 0 || id == math.MaxUint32 {
		ck.Errorf(At(path, "id"), "%d is out of range, 1 to %d", id, uint32(math.MaxUint32-1))
	} else if first, twice := ck.ids[id]; twice {
		ck.Errorf(At(path, "id"), "%d is already the id of %s; subnets without an id are numbered from 1", id, first)
	} else {
		ck.ids[id] = path
	}
}

// SubnetPrefix checks the prefix of a subnet. If it is wrong, what is in the
// subnet cannot be checked.
func (ck *Checker) SubnetPrefix(path string, p netip.Prefix) bool {
	switch {
	case !p.IsValid():
		ck.Errorf(At(path, "subnet"), "is missing")
		return false
	case !ck.IsOurs(p.Addr()):
		ck.Errorf(At(path, "subnet"), "%s is not an %s prefix", p, ck.ip())
		return false
	case p != p.Masked():
		ck.Errorf(At(path, "subnet"), "%s has bits beyond its length set; %s is meant", p, p.Masked())
		return false
	}
	if first, twice := ck.prefixes[p]; twice {
		ck.Errorf(At(path, "subnet"), "%s is already the prefix of %s", p, first)
	} else {
		ck.prefixes[p] = path
		first, last := Ends(p)
		ck.links = append(ck.links, placed{Range{First: first, Last: last}, At(path, "subnet"), p.String()})
	}
	return true
}

// Selection checks what leads queries to a network or subnet.
func (ck *Checker) Selection(path, iface string, relay *Relay, guard *Guard) {
	if iface != "" {
		ck.InterfaceName(At(path, "interface"), iface)
	}
	ck.Guard(path, guard)
	seen := map[netip.Addr]bool{}
	for _, a := range relay.Addresses() {
		if !ck.IsOurs(a) {
			ck.Errorf(At(path, "relay"), "%s is not an %s address", a, ck.ip())
		} else if seen[a] {
			ck.Errorf(At(path, "relay"), "%s is there twice", a)
		}
		seen[a] = true
	}
}

// Link checks that the interface of a subnet is that of the subnets before it
// in a shared network, which is link; it returns that of the network. All
// clients of a shared network are on one link.
func (ck *Checker) Link(path, iface, link string) string {
	if iface != "" && link != "" && iface != link {
		ck.Errorf(At(path, "interface"), "%q differs from %q, which the shared network or a subnet before has", iface, link)
	}
	if link == "" {
		return iface
	}
	return link
}

// Pool checks the range of a pool of addresses.
func (ck *Checker) Pool(path string, r Range, subnet netip.Prefix) {
	switch {
	case !r.First.IsValid() && !r.Last.IsValid():
		ck.Errorf(At(path, "pool"), "is missing")
	case !ck.IsOurs(r.First) || !ck.IsOurs(r.Last) || r.Last.Less(r.First):
		ck.Errorf(At(path, "pool"), "%s is not a range of %s addresses", r, ck.ip())
	case !subnet.Contains(r.First) || !subnet.Contains(r.Last):
		ck.Errorf(At(path, "pool"), "%s is not within the subnet %s", r, subnet)
	default:
		ck.pools = append(ck.pools, placed{r, At(path, "pool"), r.String()})
	}
}

// Prefixes notes a prefix out of which others are delegated, for [Checker.Overlaps].
func (ck *Checker) Prefixes(path string, p netip.Prefix) {
	first, last := Ends(p)
	ck.pools = append(ck.pools, placed{Range{First: first, Last: last}, path, p.String()})
}

// Overlaps reports pools that have addresses in common, whether in one subnet
// or in two: a lease belongs to one of them. Kea allows subnets that overlap,
// so these are only warned of.
func (ck *Checker) Overlaps() {
	for _, o := range overlapping(ck.pools) {
		ck.Errorf(o[1].path, "%s overlaps %s, which is %s", o[1].text, o[0].text, o[0].path)
	}
	for _, o := range overlapping(ck.links) {
		ck.Warnf(o[1].path, "overlaps %s", o[0].path)
	}
}

// overlapping returns pairs of ranges that overlap: each range with the one
// that reaches furthest of those that begin before it.
func overlapping(ranges []placed) (pairs [][2]placed) {
	slices.SortStableFunc(ranges, func(a, b placed) int { return a.First.Compare(b.First) })
	for i, furthest := 0, 0; i < len(ranges); i++ {
		if i > 0 && ranges[furthest].Overlaps(ranges[i].Range) {
			pairs = append(pairs, [2]placed{ranges[furthest], ranges[i]})
		}
		if ranges[furthest].Last.Less(ranges[i].Last) {
			furthest = i
		}
	}
	return pairs
}
