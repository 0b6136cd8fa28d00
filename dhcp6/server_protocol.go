package dhcp6

import (
	"context"
	"encoding/hex"
	"net/netip"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/dhcpha/dhcpha/internal/serve"
)

const (
	clientPort = 546
	serverPort = 547
)

// protocol is what the server does with datagrams. It has the outline of that of
// dhcp4, which is [serve.Protocol]'s, and filled it has nothing in common with it:
// where a query may come from, and what leads back.
type protocol struct{ server *Server }

func (*protocol) Accept(d *serve.Datagram, ep *serve.Endpoint, unicast bool) (kind, refused int) {
	typ, ok, why := accept(d.Payload, unicast)
	kind = -1
	if ok {
		kind = kindOf(typ)
	}
	switch {
	case why != 0:
	case ep == nil:
		why = RefusedElsewhere
	case !isUnicast(d.Remote.Addr()):
		why = RefusedSource
	}
	return kind, int(why)
}

func (*protocol) Reason(refused int) string { return Refusal(refused).String() }

// answering is a query that is being answered.
type answering struct {
	server   *Server
	query    Query
	client   dhcpv6.DUID // the query's, which the handler may change; nil: none
	route    route
	envelope envelope
	begun    *exchange // nil: by the handler alone
	reply    *dhcpv6.Message
}

func (p *protocol) Decode(arrival serve.Arrival) (serve.Query, int) {
	d := arrival.Query
	m, relays, length, err := decode(d.Payload)
	if err != nil {
		return nil, int(RefusedOptions)
	}
	a := &answering{server: p.server, client: m.Options.ClientID(), envelope: envelopeOf(d.Payload), query: Query{
		Message:   m,
		Relays:    relays,
		Received:  arrival.Received,
		Interface: arrival.Endpoint.Name,
		Local:     arrival.Endpoint.Local,
		Source:    d.Remote,
		Unicast:   arrival.Unicast,
		Length:    length,
	}}
	if arrival.Unicast {
		a.query.Local = d.Local
	}
	a.route = routeOf(&a.query, arrival.Socket)
	return a, 0
}

func (a *answering) Client() string {
	if a.client == nil {
		return "unknown"
	}
	return hex.EncodeToString(a.client.ToBytes())
}

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

// Done does nothing.
func (a *answering) Done() {}

func (a *answering) Encode(d *serve.Datagram) (*serve.Socket, error) {
	payload, err := a.appendTo(d.Room())
	if err != nil {
		return nil, err
	}
	d.Payload, d.Kind = payload, kindOf(a.reply.MessageType)
	d.Remote, d.Local = a.route.to, a.route.from
	if port := a.server.ClientPort; port != 0 {
		d.Remote = netip.AddrPortFrom(d.Remote.Addr(), port)
	}
	return a.route.socket, nil
}

// appendTo appends what is sent to b.
func (a *answering) appendTo(b []byte) ([]byte, error) { return a.envelope.appendTo(b, a.reply) }
