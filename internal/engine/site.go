package engine

import (
	"net/netip"
	"slices"

	"github.com/dhcpha/dhcpha/internal/conf"
	"github.com/dhcpha/dhcpha/internal/option"
)

// Site is what a subnet S is to clients, whatever its family: on which link it
// is, who may be served from it, and who has a reservation H there.
type Site[S, H any] struct {
	// The reservations of the subnet and the global ones; nil where they are
	// not searched.
	Own, Global *Hosts[H]
	// Options are those of the subnet and of its shared network.
	Options []*option.List
	// Additional are classes that are only evaluated for clients served here.
	Additional []string
	// Shared says whether the subnet is in a shared network.
	Shared bool

	iface  string
	relays []netip.Addr
	guards []*conf.Guard

	// The subnets on the link, this one included, and their sites.
	subnets []*S
	sites   []*Site[S, H]
	place   int // of this one
}

// Level is what a subnet, or a shared network, says for itself.
type Level struct {
	Guard     *conf.Guard
	Interface string
	Relay     *conf.Relay
	Options   *option.List
}

// Set takes what the subnet says, and behind it its shared network if it has
// one. Of the network count the guard too, and the interface and relay agents
// if the subnet has none.
func (s *Site[S, H]) Set(levels ...Level) {
	s.Shared = len(levels) > 1
	for _, l := range levels {
		s.guards = append(s.guards, l.Guard)
		s.Additional = append(s.Additional, l.Guard.Additional()...)
		s.Options = append(s.Options, l.Options)
		if s.iface == "" {
			s.iface = l.Interface
		}
		if len(s.relays) == 0 {
			s.relays = l.Relay.Addresses()
		}
	}
}

// SetHosts takes the reservations of the subnet and the global ones, where
// reservations-in-subnet and reservations-global have them searched. Those that
// count are shown to each.
func (s *Site[S, H]) SetHosts(own, global *Hosts[H], inSubnet, globally bool, each func(*H)) {
	if inSubnet {
		s.Own = own
	}
	if globally {
		s.Global = global
	}
	for _, hs := range [...]*Hosts[H]{s.Own, s.Global} {
		if hs == nil {
			continue
		}
		for _, h := range hs.list {
			each(h)
		}
	}
}

// Connect puts subnets on one link, those of a shared network or a single one.
func Connect[S, H any](subnets []*S, site func(*S) *Site[S, H]) {
	var sites []*Site[S, H]
	for i, s := range subnets {
		sites = append(sites, site(s))
		sites[i].place = i
	}
	for _, s := range sites {
		s.subnets, s.sites = subnets, sites
	}
}

// Siblings returns the subnets on the link, this one included.
func (s *Site[S, H]) Siblings() []*S { return s.subnets }

// Candidates yields the subnets on the link that a client in these classes may
// be served from: this one, then the others in a circle.
func (s *Site[S, H]) Candidates(set ClassSet, yield func(*S) bool) {
	for i := range s.sites {
		i = (s.place + i) % len(s.sites)
		if s.sites[i].Allows(set) && !yield(s.subnets[i]) {
			return
		}
	}
}

// Allows says whether a client in these classes may be served from here.
func (s *Site[S, H]) Allows(set ClassSet) bool {
	for _, g := range s.guards {
		if !set.Allowed(g) {
			return false
		}
	}
	return true
}

// Host returns the reservation that counts here for a client that is known by
// these: one of the subnet, or else a global one.
func (s *Site[S, H]) Host(ids []Identity) *H {
	if h := s.Own.Find(ids); h != nil {
		return h
	}
	return s.Global.Find(ids)
}

// staying returns the client's reservation that counts wherever on the link it
// will be served from. In a shared network only a global one does.
func (s *Site[S, H]) staying(ids []Identity) *H {
	if s.Shared {
		return s.Global.Find(ids)
	}
	return s.Host(ids)
}

// known says whether the client has a reservation on the link.
func (s *Site[S, H]) known(ids []Identity) bool {
	return slices.ContainsFunc(s.sites, func(o *Site[S, H]) bool { return o.Host(ids) != nil })
}

// Locate evaluates the classes of a query again once its subnet is known (nil:
// there is none), with those that its sender's reservation gives, and then the
// classes that depend on whether there is one.
func Locate[S, H any](at *Site[S, H], cs *Classes, set *ClassSet, ids []Identity, given func(*H) []string, q Subject) {
	if at == nil {
		cs.evaluateKnown(set, false, q)
		return
	}
	// A reservation's classes may lead to another pool.
	if h := at.staying(ids); h != nil {
		cs.EvaluateAgain(set, given(h), q)
	}
	cs.evaluateKnown(set, at.known(ids), q)
}
