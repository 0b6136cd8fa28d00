package dhcp6

import (
	"net/netip"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/dhcpha/dhcpha/internal/serve"
)

// route is where the reply to a query goes. It is taken from the query before
// the handler, which may change it.
type route struct {
	to     netip.AddrPort
	from   netip.Addr    // invalid: the system chooses the source address (RFC 6724)
	socket *serve.Socket // by which the query came in, on the interface where the reply is to leave
}

// routeOf leads back to where the datagram came from (RFC 9915, sections
// 18.3.10 and 19.3), and to the port where clients or relay agents listen
// (section 7.2), whichever they send from.
func routeOf(q *Query, socket *serve.Socket) route {
	port := uint16(clientPort)
	if len(q.Relays) > 0 {
		port = serverPort
		// RFC 8357, section 5.3: the relay agent cannot listen there.
		if q.Relays[0].GetOneOption(dhcpv6.OptionRelayPort) != nil {
			port = q.Source.Port()
		}
	}
	r := route{to: netip.AddrPortFrom(q.Source.Addr(), port), socket: socket}
	// Who asked one address expects the reply from there. Local is link-local
	// otherwise, and only of use on the link.
	if q.Unicast || q.Source.Addr().IsLinkLocalUnicast() {
		r.from = q.Local
	}
	return r
}
