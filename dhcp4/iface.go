package dhcp4

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// link is a network interface of the host.
type link struct {
	index    int
	name     string
	up       bool
	loopback bool
	mtu      int
	hwLen    int            // length of a hardware address
	addrs    []netip.Prefix // IPv4 only
}

// selector is one entry of Server.Interfaces.
type selector struct {
	name string     // "*": every interface but loopback
	addr netip.Addr // the one address to use; invalid: all of them
}

func parseSelectors(interfaces []string) ([]selector, error) {
	var selectors []selector
	var errs []error
	for _, s := range interfaces {
		name, addr, hasAddr := strings.Cut(s, "/")
		sel := selector{name: name}
		if name == "" {
			errs = append(errs, fmt.Errorf("interface %q: no name", s))
		}
		if hasAddr {
			var err error
			if sel.addr, err = netip.ParseAddr(addr); err != nil || !sel.addr.Is4() || sel.addr.IsUnspecified() {
				errs = append(errs, fmt.Errorf("interface %q: %q is not an IPv4 address", s, addr))
			}
			if name == "*" {
				errs = append(errs, fmt.Errorf("interface %q: an address goes with the name of one interface", s))
			}
		}
		selectors = append(selectors, sel)
	}
	return selectors, errors.Join(errs...)
}

// choice is an interface to serve and its addresses to serve. The first is
// the one that clients learn when they broadcast.
type choice struct {
	link
	served []netip.Addr
}

// choose applies the selectors to the interfaces of the host. missing says,
// for each selector that finds nothing, what it lacks.
func choose(selectors []selector, links []link) (choices []choice, missing []error) {
	if len(selectors) == 0 {
		return nil, []error{errors.New(`no interface is named, so none is served; name some, or "*" for all`)}
	}
	wildcard := false
	for _, sel := range selectors {
		if sel.name == "*" {
			wildcard = true
			continue
		}
		i := slices.IndexFunc(links, func(l link) bool { return l.name == sel.name })
		if i < 0 {
			missing = append(missing, fmt.Errorf("%s does not exist", sel.name))
			continue
		}
		served, err := links[i].serves(sel.addr)
		if err != nil {
			missing = append(missing, err)
			continue
		}
		choices = addChoice(choices, links[i], served)
	}
	if !wildcard {
		return choices, missing
	}
	found := false
	for _, l := range links {
		named := slices.ContainsFunc(selectors, func(sel selector) bool { return sel.name == l.name })
		if served, err := l.serves(netip.Addr{}); err == nil && !l.loopback && !named {
			choices = addChoice(choices, l, served)
			found = true
		}
	}
	if !found && len(choices) == 0 {
		missing = append(missing, errors.New("no interface is up and has an address"))
	}
	return choices, missing
}

func addChoice(choices []choice, l link, served []netip.Addr) []choice {
	i := slices.IndexFunc(choices, func(c choice) bool { return c.index == l.index })
	if i < 0 {
		return append(choices, choice{l, served})
	}
	for _, addr := range served {
		if !slices.Contains(choices[i].served, addr) {
			choices[i].served = append(choices[i].served, addr)
		}
	}
	return choices
}

// serves gives the addresses to serve on the interface: addr if it is valid,
// else all.
func (l link) serves(addr netip.Addr) ([]netip.Addr, error) {
	var served []netip.Addr
	for _, p := range l.addrs {
		// All of a loopback interface's network is local.
		if addr.IsValid() && l.loopback && p.Contains(addr) {
			return []netip.Addr{addr}, nil
		}
		if !addr.IsValid() || p.Addr() == addr {
			served = append(served, p.Addr())
		}
	}
	switch {
	case !l.up:
		return nil, fmt.Errorf("%s is down", l.name)
	case len(served) == 0 && addr.IsValid():
		return nil, fmt.Errorf("%s has no address %v", l.name, addr)
	case len(served) == 0:
		return nil, fmt.Errorf("%s has no address", l.name)
	}
	return served, nil
}

// broadcasts are the addresses that mean everybody on the interface's networks.
func (l link) broadcasts() []netip.Addr {
	all := []netip.Addr{limitedBroadcast()}
	for _, p := range l.addrs {
		if p.Bits() > 30 { // no broadcast address (RFC 3021)
			continue
		}
		b := p.Addr().As4()
		for i := p.Bits(); i < 32; i++ {
			b[i/8] |= 0x80 >> (i % 8)
		}
		if a := netip.AddrFrom4(b); !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	return all
}

func newLink(ifi net.Interface) link {
	return link{
		index:    ifi.Index,
		name:     ifi.Name,
		up:       ifi.Flags&net.FlagUp != 0,
		loopback: ifi.Flags&net.FlagLoopback != 0,
		mtu:      ifi.MTU,
		hwLen:    len(ifi.HardwareAddr),
	}
}
