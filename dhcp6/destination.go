package dhcp6

import (
	"net/netip"

	"github.com/insomniacslk/dhcp/dhcpv6"
)

// route is where the reply to a query goes.
type route struct {
	to   netip.AddrPort
	from netip.Addr // invalid: the system chooses the source address (RFC 6724)
}

// routeOf leads back to where the datagram came from (RFC 9915, sections
// 18.3.10 and 19.3), and to the port where clients or relay agents listen
// (section 7.2), whichever they send from.
func routeOf(relays []relay, q *Query) route {
	port := uint16(clientPort)
	if len(relays) > 0 {
		port = serverPort
		// RFC 8357, section 5.2: the relay agent does not listen there.
		if hasOption(relays[0].options(), dhcpv6.OptionRelayPort) {
			port = q.Source.Port()
		}
	}
	r := route{to: netip.AddrPortFrom(q.Source.Addr(), port)}
	// Who asked one address expects the reply from there. Local is link-local
	// otherwise, and only of use on the link.
	if q.Unicast || q.Source.Addr().IsLinkLocalUnicast() {
		r.from = q.Local
	}
	return r
}
