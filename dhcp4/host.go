package dhcp4

import (
	"fmt"
	"net/netip"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/internal/option"
)

// The kinds of identifiers that only DHCPv4 has.
const (
	byCircuitID = "circuit-id"
	byClientID  = "client-id"
)

type (
	hostID = engine.HostID
	hosts  = engine.Hosts[host]
)

// host is a reservation.
type host struct {
	id       hostID
	addr     netip.Addr // invalid: none reserved
	hostname string
	classes  []string
	options  *option.List
	boot     bootFields
}

func (h *host) identifier() hostID { return h.id }
func (h *host) given() []string    { return h.classes }

func (p *plan) compileHosts(list []Reservation) (*hosts, error) {
	hs := new(hosts)
	for i := range list {
		r := &list[i]
		h := &host{hostname: r.Hostname, classes: r.ClientClasses, boot: bootOf(&r.Params)}
		if r.IPAddress.IsValid() && !r.IPAddress.IsUnspecified() {
			h.addr = r.IPAddress
		}
		for _, id := range r.identifiers() { // there is one
			h.id = hostID{Kind: id.Kind, Value: string(id.ID)}
		}
		var err error
		if h.options, err = p.compileOptions(r.OptionData); err != nil {
			return nil, fmt.Errorf("reservation %s: %w", Identifier(h.id.Value), err)
		}
		hs.Add(h.id, h)
	}
	return hs, nil
}

// compileReservations takes the reservations that count in the subnet, and
// lists who has one for which of its addresses.
func (p *plan) compileReservations(s *subnet, own []Reservation) error {
	hs, err := p.compileHosts(own)
	if err != nil {
		return err
	}
	s.reserved = map[netip.Addr][]*host{}
	s.SetHosts(hs, p.hosts, *s.params.ReservationsInSubnet, *s.params.ReservationsGlobal, func(h *host) {
		if h.addr.IsValid() && s.prefix.Contains(h.addr) {
			s.reserved[h.addr] = append(s.reserved[h.addr], h)
		}
	})
	return nil
}
