//go:build !linux

package dhcp4

import (
	"fmt"
	"net"
	"net/netip"
)

// hostLinks lists the interfaces of the host.
func hostLinks() ([]link, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	var links []link
	for _, ifi := range interfaces {
		l := newLink(ifi)
		addrs, err := ifi.Addrs()
		if err != nil {
			continue // it has gone since
		}
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() {
				l.addrs = append(l.addrs, p)
			}
		}
		links = append(links, l)
	}
	return links, nil
}
