package dhcp4

import (
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/dhcpha/dhcpha/internal/class"
	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/internal/option"
	"github.com/dhcpha/dhcpha/lease"
)

// exchange is one query while it is being answered. Its memory is used again for
// others, so what outlives it must not be a part of it or of the query.
type exchange struct {
	e   *Engine
	p   *plan
	q   *incoming
	typ dhcpv4.MessageType

	client  lease.Client // a copy of what is in the query: gates and committers may keep it
	ids     []engine.Identity
	classes engine.ClassSet
	subnet  *subnet // of the client's link; nil: unknown
	holder  string  // for whom addresses are held

	start exchangeStart
	now   time.Time

	current lease.Lease // the client's, if findLease has found it
	spare   int64       // how many leases it gives up for what it is to have
	over    engine.Over // the limit that keeps it from something
	grant   grant
	reply   message

	packet class.Packet // what expressions see, once that is asked for
	seen   bool         // it has been
	room   exchangeRoom
}

// exchangeStart is what an exchange begins with again when a lease has changed
// meanwhile.
type exchangeStart struct {
	subnet  *subnet
	classes int // how many of its classes it had
}

// exchangeRoom is memory for what lasts no longer than an exchange.
type exchangeRoom struct {
	levels    [12]*option.List
	query     option.Query
	requested [64]uint16
	chosen    [32]*option.Option
	values    []byte // of options

	// Methods as functions, which would take memory each time.
	member     func(class string) bool
	serverName func() string
}

// newExchange begins with what needs no configuration. done ends it.
func (e *Engine) newExchange(q *incoming) *exchange {
	x, ok := e.exchanges.Get().(*exchange)
	if !ok {
		x = &exchange{e: e, ids: make([]engine.Identity, 0, 5), classes: make(engine.ClassSet, 0, 8)}
		x.room.values = make([]byte, 0, 128)
		x.room.member, x.room.serverName = x.member, x.serverName
		x.packet.Option, x.packet.Member = x.optionOf, x.room.member
	}
	x.p, x.q, x.typ, x.client = e.plan.Load(), q, q.msgType(), clientOf(&q.message)
	return x
}

// done gives the memory back.
func (x *exchange) done() {
	x.p, x.q, x.subnet, x.client, x.holder = nil, nil, nil, lease.Client{}, ""
	clear(x.ids)
	clear(x.classes)
	x.ids, x.classes = x.ids[:0], x.classes[:0]
	x.start, x.current, x.grant, x.seen = exchangeStart{}, lease.Lease{}, grant{}, false
	x.e.exchanges.Put(x)
}

// serverName returns the server that the query's subnet is assigned to. It is
// asked before the query has been looked into, and leaves no trace.
func (x *exchange) serverName() string {
	probe := x.e.newExchange(x.q)
	defer probe.done()
	probe.p = x.p
	probe.identify()
	probe.classifyFirst()
	probe.reach()
	if probe.subnet == nil {
		return ""
	}
	return probe.subnet.server
}

// reach finds the client's subnet.
func (x *exchange) reach() {
	if x.p.cfg.EarlyGlobalReservationsLookup {
		if h := x.p.hosts.Find(x.ids); h != nil {
			x.p.classes.EvaluateAgain(&x.classes, h.classes, x)
		}
	}
	x.subnet = x.selectSubnet(x.allows)
}

// locate finds the client's subnet and reservations, and with them its
// classes.
func (x *exchange) locate() {
	x.reach()
	var at *engine.Site[subnet, host]
	if x.subnet != nil {
		at = &x.subnet.Site
	}
	engine.Locate(at, x.p.classes, &x.classes, x.ids, (*host).given, x)
}

// identityIn is the key by which the client is told from others on the link of
// a subnet.
func (x *exchange) identityIn(s *subnet) string {
	byID := s == nil
	if s != nil {
		for _, sibling := range s.Siblings() {
			byID = byID || sibling.byID
		}
	}
	return identity(x.client, byID)
}

// reset prepares for an answer, the first or another try.
func (x *exchange) reset() {
	x.subnet, x.spare, x.over = x.start.subnet, 0, 0
	x.classes = x.classes[:x.start.classes] // it has only got more since
	x.room.values = x.room.values[:0]
	x.now = time.Now()
}
