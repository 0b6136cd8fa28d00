package dhcp4

import (
	"fmt"
	"net/netip"

	"github.com/dhcpha/dhcpha/internal/option"
)

// identifierKind is what a reservation knows its client by, in Kea's words.
type identifierKind string

const (
	byHWAddress identifierKind = "hw-address"
	byDUID      identifierKind = "duid"
	byCircuitID identifierKind = "circuit-id"
	byClientID  identifierKind = "client-id"
	byFlexID    identifierKind = "flex-id"
)

// identifierKinds returns the kinds in the order in which reservations are
// searched.
func identifierKinds(names []string) ([]identifierKind, error) {
	if len(names) == 0 {
		return []identifierKind{byHWAddress, byDUID, byCircuitID, byClientID}, nil
	}
	var kinds []identifierKind
	for _, name := range names {
		kind := identifierKind(name)
		switch kind {
		case byHWAddress, byDUID, byCircuitID, byClientID, byFlexID:
			kinds = append(kinds, kind)
		default:
			return nil, fmt.Errorf("host-reservation-identifiers: %q is none", name)
		}
	}
	return kinds, nil
}

// hostID is one of the things that a client may be known by.
type hostID struct {
	kind  identifierKind
	value string
}

// host is a reservation.
type host struct {
	id       hostID
	addr     netip.Addr // invalid: none reserved
	hostname string
	classes  []string
	options  *option.List
	boot     bootFields
}

// hosts are the reservations of a subnet, or the global ones.
type hosts struct {
	list []*host
	byID map[hostID]*host
}

// find returns the reservation of a client that is known by these, most
// important first, or nil.
func (hs *hosts) find(ids []hostID) *host {
	if len(hs.byID) == 0 {
		return nil
	}
	for _, id := range ids {
		if h := hs.byID[id]; h != nil {
			return h
		}
	}
	return nil
}

func (p *plan) compileHosts(list []Reservation) (*hosts, error) {
	hs := &hosts{byID: make(map[hostID]*host, len(list))}
	for i := range list {
		r := &list[i]
		h := &host{hostname: r.Hostname, classes: r.ClientClasses, boot: bootOf(&r.Params)}
		if r.IPAddress.IsValid() && !r.IPAddress.IsUnspecified() {
			h.addr = r.IPAddress
		}
		for _, id := range r.identifiers() {
			h.id = hostID{identifierKind(id.Kind), string(id.ID)}
		}
		var err error
		if h.options, err = p.compileOptions(r.OptionData, p.defs); err != nil {
			return nil, fmt.Errorf("reservation %s: %w", Identifier(h.id.value), err)
		}
		hs.list = append(hs.list, h)
		if hs.byID[h.id] == nil {
			hs.byID[h.id] = h
		}
	}
	return hs, nil
}

// findReserved lists who has a reservation for which address of the subnet.
func (s *subnet) findReserved(global *hosts) {
	s.reserved = map[netip.Addr][]*host{}
	add := func(hs *hosts) {
		for _, h := range hs.list {
			if h.addr.IsValid() && s.prefix.Contains(h.addr) {
				s.reserved[h.addr] = append(s.reserved[h.addr], h)
			}
		}
	}
	if *s.params.ReservationsInSubnet {
		add(s.hosts)
	}
	if *s.params.ReservationsGlobal {
		add(global)
	}
}
