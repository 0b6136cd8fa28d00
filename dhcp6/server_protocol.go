package dhcp6

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/netip"
	"sync"

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
type protocol struct {
	server     *Server
	answerings sync.Pool
}

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

// answering is a query that is being answered. It is used for one after the
// other.
type answering struct {
	protocol *protocol
	packet   packet
	query    Query // without its messages, which a handler that is no Engine is given
	socket   *serve.Socket
	begun    *exchange // nil: by the handler alone

	made  *dhcpv6.Message // the reply of a handler,
	reply message         // or else of the Engine
}

func (p *protocol) Decode(arrival serve.Arrival) (serve.Query, int) {
	d := arrival.Query
	a, ok := p.answerings.Get().(*answering)
	if !ok {
		a = &answering{protocol: p}
	}
	if a.packet.read(d.Payload) != nil {
		p.answerings.Put(a)
		return nil, int(RefusedOptions)
	}
	a.socket = arrival.Socket
	a.query = Query{
		Received:  arrival.Received,
		Interface: arrival.Endpoint.Name,
		Local:     arrival.Endpoint.Local,
		Source:    d.Remote,
		Unicast:   arrival.Unicast,
		Length:    len(a.packet.message),
	}
	if arrival.Unicast {
		a.query.Local = d.Local
	}
	return a, 0
}

func (a *answering) Client() string {
	id, ok := a.packet.message.option(dhcpv6.OptionClientID)
	if !ok {
		return "unknown"
	}
	return hex.EncodeToString(id)
}

// Begin begins the query if the handler is an Engine. Of other handlers it is not
// known that they do not wait.
func (a *answering) Begin() (goesOn bool) {
	e, ok := a.protocol.server.Handler.(*Engine)
	if !ok {
		return true
	}
	a.begun = e.begin(&a.query, &a.packet)
	return a.begun != nil
}

func (a *answering) Ask(ctx context.Context) (answered bool, err error) {
	if a.begun != nil {
		a.reply, err = a.begun.end(ctx, a.reply)
		return err == nil && len(a.reply) > 0, err
	}
	a.made, err = a.handle(ctx)
	return err == nil && a.made != nil, err
}

// handle asks a handler that is no Engine.
func (a *answering) handle(ctx context.Context) (*dhcpv6.Message, error) {
	q := a.query
	q.Message, q.Relays = a.packet.decode()
	r, err := a.protocol.server.Handler.ServeDHCP(ctx, &q)
	if err != nil || r == nil {
		return nil, err
	}
	return r.Message, nil
}

func (a *answering) Encode(d *serve.Datagram) (*serve.Socket, error) {
	payload, err := a.appendTo(d.Room())
	if err != nil {
		return nil, err
	}
	d.Payload, d.Kind = payload, kindOf(a.replyType())
	route := routeOf(a.packet.relays, &a.query)
	d.Remote, d.Local = route.to, route.from
	if port := a.protocol.server.ClientPort; port != 0 {
		d.Remote = netip.AddrPortFrom(d.Remote.Addr(), port)
	}
	return a.socket, nil
}

func (a *answering) Done() {
	a.begun, a.made, a.reply = nil, nil, a.reply[:0]
	a.protocol.answerings.Put(a)
}

func (a *answering) replyType() dhcpv6.MessageType {
	if a.made != nil {
		return a.made.MessageType
	}
	return a.reply.typ()
}

// appendTo appends what is sent to b.
func (a *answering) appendTo(b []byte) (_ []byte, err error) {
	var room [4]int
	start := len(b)
	b, inside := appendEnvelope(b, a.packet.relays, room[:0])
	if a.made != nil {
		b, err = appendMessage(b, a.made)
	} else {
		b = append(b, a.reply...)
	}
	if err != nil {
		return nil, err
	}
	if n := len(b) - start; n > maxUDP {
		return nil, fmt.Errorf("dhcp6: reply of %d bytes, at most %d", n, maxUDP)
	}
	enclose(b, inside)
	return b, nil
}
