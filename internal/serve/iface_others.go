//go:build !linux

package serve

import (
	"fmt"
	"net"
	"net/netip"
)

// hostLinks lists the interfaces of the host.
func hostLinks(f Family) ([]Link, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	var links []Link
	for _, ifi := range interfaces {
		l := newLink(ifi)
		addrs, err := ifi.Addrs()
		if err != nil {
			continue // it has gone since
		}
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil && f.has(p.Addr()) {
				l.Addrs = append(l.Addrs, p)
			}
		}
		links = append(links, l)
	}
	return links, nil
}
