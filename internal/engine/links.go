package engine

import (
	"net/netip"
	"slices"
)

// Links finds the subnets S of a configuration by what tells the link of a
// query, without looking at each of them.
type Links[S any] struct {
	relays     map[netip.Addr][]ranked[S]
	interfaces map[string][]ranked[S]
	prefixes   []prefixes[S]
}

// prefixes are those of one length.
type prefixes[S any] struct {
	bits    int
	subnets map[netip.Prefix][]ranked[S]
}

// ranked is a subnet with its place among all.
type ranked[S any] struct {
	place  int
	subnet *S
}

// first returns the first of a list, which is in order, that something is true
// for.
func first[S any](list []ranked[S], ok func(*S) bool) ranked[S] {
	for _, r := range list {
		if ok(r.subnet) {
			return r
		}
	}
	return ranked[S]{}
}

// NewLinks indexes subnets, given in the order of their precedence.
func NewLinks[S, H any](subnets []*S, site func(*S) *Site[S, H], prefix func(*S) netip.Prefix) *Links[S] {
	l := &Links[S]{relays: map[netip.Addr][]ranked[S]{}, interfaces: map[string][]ranked[S]{}}
	for place, s := range subnets {
		entry := ranked[S]{place, s}
		at := site(s)
		for _, addr := range at.relays {
			l.relays[addr] = append(l.relays[addr], entry)
		}
		if at.iface != "" {
			l.interfaces[at.iface] = append(l.interfaces[at.iface], entry)
		}
		p := prefix(s)
		same := l.ofLength(p.Bits())
		same[p] = append(same[p], entry)
	}
	return l
}

func (l *Links[S]) ofLength(bits int) map[netip.Prefix][]ranked[S] {
	i := slices.IndexFunc(l.prefixes, func(p prefixes[S]) bool { return p.bits == bits })
	if i < 0 {
		i = len(l.prefixes)
		l.prefixes = append(l.prefixes, prefixes[S]{bits, map[netip.Prefix][]ranked[S]{}})
	}
	return l.prefixes[i].subnets
}

// OfRelay returns the first subnet that has the address as that of a relay
// agent, and that something is true for; nil: none.
func (l *Links[S]) OfRelay(addr netip.Addr, ok func(*S) bool) *S {
	return first(l.relays[addr], ok).subnet
}

// OfInterface is the same for the interface that a subnet is at.
func (l *Links[S]) OfInterface(name string, ok func(*S) bool) *S {
	return first(l.interfaces[name], ok).subnet
}

// OfAddress is the same for an address within a subnet.
func (l *Links[S]) OfAddress(addr netip.Addr, ok func(*S) bool) *S {
	if addr.Zone() != "" {
		return nil // no prefix contains it
	}
	var found ranked[S]
	for i := range l.prefixes {
		p, err := addr.Prefix(l.prefixes[i].bits)
		if err != nil {
			continue // of the other family
		}
		if r := first(l.prefixes[i].subnets[p], ok); r.subnet != nil && (found.subnet == nil || r.place < found.place) {
			found = r
		}
	}
	return found.subnet
}
