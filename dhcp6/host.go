package dhcp6

import (
	"fmt"
	"net/netip"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/internal/option"
)

type (
	hostID = engine.HostID
	hosts  = engine.Hosts[host]
)

// host is a reservation.
type host struct {
	id       hostID
	addrs    []netip.Addr
	prefixes []netip.Prefix
	excluded []netip.Prefix // of prefixes, in their order; an invalid one: nothing
	hostname string
	classes  []string
	options  *option.List
}

func (h *host) identifier() hostID { return h.id }
func (h *host) given() []string    { return h.classes }

// reserves says whether something is reserved that can be leased.
func (h *host) reserves() bool { return len(h.addrs) > 0 || len(h.prefixes) > 0 }

// exclusion returns the part of a reserved prefix that the delegating router
// keeps (RFC 6603); invalid: none.
func (h *host) exclusion(prefix netip.Prefix) netip.Prefix {
	for i, p := range h.prefixes {
		if p == prefix && i < len(h.excluded) {
			return h.excluded[i]
		}
	}
	return netip.Prefix{}
}

func (p *plan) compileHosts(list []Reservation) (*hosts, error) {
	hs := new(hosts)
	for i := range list {
		r := &list[i]
		h := &host{addrs: r.IPAddresses, hostname: r.Hostname, classes: r.ClientClasses}
		for _, id := range r.identifiers() { // there is one
			h.id = hostID{Kind: id.Kind, Value: string(id.ID)}
		}
		if err := p.compileHost(h, r); err != nil {
			return nil, fmt.Errorf("reservation %s: %w", Identifier(h.id.Value), err)
		}
		hs.Add(h.id, h)
	}
	return hs, nil
}

func (p *plan) compileHost(h *host, r *Reservation) (err error) {
	for _, prefix := range r.Prefixes {
		h.prefixes = append(h.prefixes, prefix.Masked())
	}
	for _, text := range r.ExcludedPrefixes {
		var excluded netip.Prefix
		if text != "" {
			if excluded, err = netip.ParsePrefix(text); err != nil {
				return fmt.Errorf("excluded-prefixes: %w", err)
			}
			if excluded = excluded.Masked(); excluded.Bits() == 0 {
				excluded = netip.Prefix{}
			}
		}
		h.excluded = append(h.excluded, excluded)
	}
	h.options, err = p.compileOptions(r.OptionData)
	return err
}
