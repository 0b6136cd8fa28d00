package dhcp4

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/dhcpha/dhcpha/internal/serve"
)

// protocol is what the server does with datagrams.
type protocol struct {
	server *Server
	log    *slog.Logger
}

func (*protocol) Accept(d *serve.Datagram, ep *serve.Endpoint, _ bool) (kind, refused int) {
	typ, why := accept(d.Payload)
	kind = -1
	if typ != dhcpv4.MessageTypeNone {
		kind = kindOf(typ)
	}
	switch {
	case why != 0:
	case ep == nil:
		why = RefusedElsewhere
	case isBroadcast(d.Payload[offsetCIAddr:], ep):
		why = RefusedClientAddr
	case isBroadcast(d.Payload[offsetGIAddr:], ep):
		why = RefusedRelayAddr
	}
	return kind, int(why)
}

// isBroadcast says whether b begins with a broadcast address of one of the
// interface's networks, which is nobody's own.
func isBroadcast(b []byte, ep *serve.Endpoint) bool {
	addr := netip.AddrFrom4([4]byte(b))
	return !addr.IsUnspecified() && slices.Contains(ep.Everybody, addr)
}

func (*protocol) ShedFirst(kind int) bool { return kind == int(dhcpv4.MessageTypeDiscover) }

func (*protocol) Reason(refused int) string { return Refusal(refused).String() }

// answering is a query that is being answered.
type answering struct {
	*protocol
	query  Query
	client net.HardwareAddr // the query's, which the handler may change
	route  route
	from   *serve.Socket // the query came in by it
	ep     *serve.Endpoint
	begun  *exchange // nil: by the handler alone
	reply  *dhcpv4.DHCPv4
}

func (p *protocol) Decode(arrival serve.Arrival) (serve.Query, int) {
	d := arrival.Query
	m, err := decode(d.Payload)
	if err != nil {
		return nil, int(RefusedOptions)
	}
	a := &answering{protocol: p, client: m.ClientHWAddr, from: arrival.Socket, ep: arrival.Endpoint, query: Query{
		Message:   m,
		Received:  arrival.Received,
		Interface: arrival.Endpoint.Name,
		Local:     arrival.Endpoint.Local,
		Source:    d.Remote,
		Unicast:   arrival.Unicast,
		Length:    len(d.Payload),
	}}
	if arrival.Unicast {
		a.query.Local = d.Local
	}
	a.route = routeOf(&a.query)
	return a, 0
}

func (a *answering) Client() string { return a.client.String() }

// Begin begins the query if the handler is an Engine. Of other handlers it is not
// known that they do not wait.
func (a *answering) Begin() (goesOn bool) {
	e, ok := a.server.Handler.(*Engine)
	if !ok {
		return true
	}
	a.begun = e.begin(&a.query)
	return a.begun != nil
}

func (a *answering) Ask(ctx context.Context) (bool, error) {
	var r *Reply
	var err error
	if a.begun != nil {
		r, err = a.begun.end(ctx)
	} else {
		r, err = a.server.Handler.ServeDHCP(ctx, &a.query)
	}
	if err != nil || r == nil || r.Message == nil {
		return false, err
	}
	a.reply = r.Message
	return true, nil
}

func (a *answering) Encode(d *serve.Datagram) (*serve.Socket, error) {
	m := a.reply
	to := a.route.destination(m)
	if port := a.server.ClientPort; port != 0 {
		to.AddrPort = netip.AddrPortFrom(to.Addr(), port)
	}
	payload, omitted, err := appendMessage(d.Room(), m, a.route.requested, maxLength(a.route.maximum, a.ep.MTU))
	if err != nil {
		return nil, err
	}
	if len(omitted) > 0 {
		a.server.shortened.Add(1)
		a.log.Warn("options left out: the reply is full", "client", a.Client(), "interface", a.ep.Name, "options", fmt.Sprint(omitted))
	}
	d.Payload, d.Kind = payload, kindOf(m.MessageType())
	d.Remote, d.Local = to.AddrPort, a.ep.Local
	d.HWLen = 0 // everybody
	switch {
	case a.ep.Raw != nil && (to.link || to.Addr() == limitedBroadcast()):
		if to.link {
			d.HWLen = copy(d.HW[:], m.ClientHWAddr)
		}
		return a.ep.Raw, nil
	case to.link:
		d.Remote = netip.AddrPortFrom(limitedBroadcast(), to.Port())
	case a.from != a.ep.Raw:
		// From the address it was asked at, which may be another one of the
		// interface.
		d.Local = a.route.local
		return a.from, nil
	}
	return a.ep.UDP, nil
}
