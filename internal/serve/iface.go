package serve

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// Link is a network interface of the host.
type Link struct {
	Index    int
	Name     string
	Up       bool
	Loopback bool
	MTU      int
	HWLen    int            // length of a hardware address
	Addrs    []netip.Prefix // of the family, and ready for use
}

// selector is an entry of Options.Interfaces.
type selector struct {
	name string     // "*": every interface but loopback
	addr netip.Addr // the one address to use; invalid: all of them
}

func parseSelectors(f Family, interfaces []string) ([]selector, error) {
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
			if sel.addr, err = netip.ParseAddr(addr); err != nil || !f.has(sel.addr) {
				errs = append(errs, fmt.Errorf("interface %q: %q is not an %v address", s, addr, f))
			}
			if name == "*" {
				errs = append(errs, fmt.Errorf("interface %q: an address goes with the name of one interface", s))
			}
		}
		selectors = append(selectors, sel)
	}
	return selectors, errors.Join(errs...)
}

// Choice is an interface to serve and its addresses to serve. The first is the
// one that clients learn when they ask everybody; with IPv6 it is link-local.
type Choice struct {
	Link
	Served []netip.Addr
}

// choose applies the selectors to the interfaces of the host. missing says,
// for each selector that finds nothing, what it lacks.
func choose(f Family, selectors []selector, links []Link) (choices []Choice, missing []error) {
	if len(selectors) == 0 {
		return nil, []error{errors.New(`no interface is named, so none is served; name some, or "*" for all`)}
	}
	wildcard := false
	for _, sel := range selectors {
		if sel.name == "*" {
			wildcard = true
			continue
		}
		i := slices.IndexFunc(links, func(l Link) bool { return l.Name == sel.name })
		if i < 0 {
			missing = append(missing, fmt.Errorf("%s does not exist", sel.name))
			continue
		}
		served, err := links[i].serves(f, sel.addr)
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
		named := slices.ContainsFunc(selectors, func(sel selector) bool { return sel.name == l.Name })
		if served, err := l.serves(f, netip.Addr{}); err == nil && !l.Loopback && !named {
			choices = addChoice(choices, l, served)
			found = true
		}
	}
	if !found && len(choices) == 0 {
		missing = append(missing, fmt.Errorf("no interface is up and has %s", f.needs()))
	}
	return choices, missing
}

func addChoice(choices []Choice, l Link, served []netip.Addr) []Choice {
	i := slices.IndexFunc(choices, func(c Choice) bool { return c.Index == l.Index })
	if i < 0 {
		return append(choices, Choice{l, served})
	}
	for _, addr := range served {
		if !slices.Contains(choices[i].Served, addr) {
			choices[i].Served = append(choices[i].Served, addr)
		}
	}
	return choices
}

// serves gives the addresses to serve on the interface: addr if it is valid,
// else all. With IPv6 the link-local ones come first in any case, because
// clients have no other way; loopback has none.
func (l Link) serves(f Family, addr netip.Addr) ([]netip.Addr, error) {
	var served []netip.Addr
	if f == IPv6 {
		for _, p := range l.Addrs {
			if p.Addr().IsLinkLocalUnicast() {
				served = append(served, p.Addr())
			}
		}
	}
	linkLocal := len(served)
	found := slices.Contains(served, addr)
	for _, p := range l.Addrs {
		switch {
		case slices.Contains(served, p.Addr()):
		case addr.IsValid() && l.Loopback && f == IPv4 && p.Contains(addr):
			// All of a loopback interface's network is local.
			return []netip.Addr{addr}, nil
		case !addr.IsValid() || p.Addr() == addr:
			served = append(served, p.Addr())
			found = true
		}
	}
	switch {
	case !l.Up:
		return nil, fmt.Errorf("%s is down", l.Name)
	case f == IPv6 && linkLocal == 0 && !l.Loopback:
		return nil, fmt.Errorf("%s has no link-local address", l.Name)
	case addr.IsValid() && !found:
		return nil, fmt.Errorf("%s has no address %v", l.Name, addr)
	case len(served) == 0:
		return nil, fmt.Errorf("%s has no address", l.Name)
	}
	return served, nil
}

// broadcasts are the IPv4 addresses that mean everybody on the interface's
// networks.
func (l Link) broadcasts() []netip.Addr {
	all := []netip.Addr{LimitedBroadcast()}
	for _, p := range l.Addrs {
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

func newLink(ifi net.Interface) Link {
	return Link{
		Index:    ifi.Index,
		Name:     ifi.Name,
		Up:       ifi.Flags&net.FlagUp != 0,
		Loopback: ifi.Flags&net.FlagLoopback != 0,
		MTU:      ifi.MTU,
		HWLen:    len(ifi.HardwareAddr),
	}
}
