package dhcp4

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/dhcpha/dhcpha/internal/serve"
)

// protocol is what the server does with datagrams.
type protocol struct {
	server *Server
	log    *slog.Logger

	answerings sync.Pool // memory of queries that have been answered
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

func (*protocol) Reason(refused int) string { return Refusal(refused).String() }

// answering is a query that is being answered.
type answering struct {
	*protocol
	in     incoming
	memory []byte // what in is parts of
	route  route
	from   *serve.Socket // the query came in by it
	ep     *serve.Endpoint
	begun  *exchange // nil: by the handler alone
	reply  *message
	made   message // the reply of a handler that is no Engine
}

func (p *protocol) Decode(arrival serve.Arrival) (serve.Query, int) {
	a, ok := p.answerings.Get().(*answering)
	if !ok {
		a = &answering{protocol: p}
	}
	d := arrival.Query
	a.memory = append(a.memory[:0], d.Payload...)
	if err := a.in.decode(a.memory); err != nil {
		p.answerings.Put(a)
		return nil, int(RefusedOptions)
	}
	a.from, a.ep = arrival.Socket, arrival.Endpoint
	a.in.received, a.in.iface, a.in.local, a.in.source = arrival.Received, arrival.Endpoint.Name, arrival.Endpoint.Local, d.Remote
	a.in.unicast, a.in.length = arrival.Unicast, len(d.Payload)
	if arrival.Unicast {
		a.in.local = d.Local
	}
	a.route = routeOf(&a.in)
	return a, 0
}

func (a *answering) Client() string { return net.HardwareAddr(a.in.chaddr).String() }

// Begin begins the query if the handler is an Engine. Of other handlers it is not
// known that they do not wait.
func (a *answering) Begin() (goesOn bool) {
	e, ok := a.server.Handler.(*Engine)
	if !ok {
		return true
	}
	a.begun = e.begin(&a.in)
	return a.begun != nil
}

func (a *answering) Ask(ctx context.Context) (answered bool, err error) {
	if a.begun != nil {
		a.reply, err = a.begun.end(ctx)
		return a.reply != nil, err
	}
	r, err := a.server.Handler.ServeDHCP(ctx, a.in.query())
	if err != nil || r == nil || r.Message == nil {
		return false, err
	}
	a.reply = &a.made
	return true, a.made.take(r.Message)
}

// Done gives the memory back. What a handler has got is its own.
func (a *answering) Done() {
	if a.begun != nil {
		a.begun.done()
	}
	a.from, a.ep, a.begun, a.reply = nil, nil, nil, nil
	a.answerings.Put(a)
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
	d.Payload, d.Kind = payload, kindOf(m.msgType())
	d.Remote, d.Local = to.AddrPort, a.ep.Local
	d.HWLen = 0 // everybody
	switch {
	case a.ep.Raw != nil && (to.link || to.Addr() == limitedBroadcast()):
		if to.link {
			d.HWLen = copy(d.HW[:], m.chaddr)
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
