package dhcp4

import (
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/dhcpha/dhcpha/internal/class"
	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

// exchange is one query while it is being answered.
type exchange struct {
	e   *Engine
	p   *plan
	q   *Query
	m   *dhcpv4.DHCPv4
	typ dhcpv4.MessageType

	client   lease.Client
	ids      []engine.Identity
	classes  engine.ClassSet
	asPacket *class.Packet // once it is needed

	subnet *subnet // of the client's link; nil: unknown
	holder string  // for whom addresses are held

	turn  string // for which it waits
	start exchangeStart
	now   time.Time
}

// exchangeStart is what an exchange begins with again when a lease has changed
// meanwhile.
type exchangeStart struct {
	subnet  *subnet
	classes engine.ClassSet
}

func newExchange(e *Engine, q *Query) *exchange {
	m := q.Message
	return &exchange{e: e, p: e.plan.Load(), q: q, m: m, typ: m.MessageType(), client: clientOf(m)}
}

// serverName returns the server that the query's subnet is assigned to. It is
// asked before the query has been looked into, and leaves no trace.
func (x *exchange) serverName() string {
	probe := newExchange(x.e, x.q)
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
	x.subnet = x.selectSubnet()
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
	x.subnet = x.start.subnet
	x.classes = x.start.classes[:len(x.start.classes):len(x.start.classes)]
	x.now = time.Now()
}
