package dhcp6

import (
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/dhcpha/dhcpha/internal/class"
	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

// exchange is one query while it is being answered.
type exchange struct {
	e   *Engine
	p   *plan
	q   *Query
	m   *dhcpv6.Message
	typ dhcpv6.MessageType

	client   lease.Client // ID is the DUID
	hwType   uint16       // of the hardware address, and where it was found
	hwSource uint32
	ids      []engine.Identity
	classes  engine.ClassSet
	room     [8]string     // for them
	asPacket *class.Packet // once it is needed
	codes    []uint16      // of the options it asks for; the same

	subnet *subnet // of the client's link; nil: unknown
	all    []*ia   // what the client asks for, or has

	server *identity
	turn   string // for which it waits
	start  exchangeStart
	now    time.Time
}

// exchangeStart is what an exchange begins with again when a lease has changed
// meanwhile.
type exchangeStart struct {
	subnet  *subnet
	classes engine.ClassSet
}

func newExchange(e *Engine, q *Query) *exchange {
	m := q.Message
	x := &exchange{
		e: e, p: e.plan.Load(), server: e.duid.Load(), q: q, m: m, typ: m.MessageType,
		client: lease.Client{ID: duidOf(m)},
	}
	x.classes = x.room[:0]
	return x
}

// duidOf returns the client's DUID; nil: it has sent none.
func duidOf(m *dhcpv6.Message) []byte {
	id, _ := optionOf(m.Options.Options, dhcpv6.OptionClientID)
	return id
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
	x.start = exchangeStart{x.subnet, x.classes}
}

// reset prepares for an answer, the first or another try.
func (x *exchange) reset() {
	x.subnet = x.start.subnet
	x.classes = x.start.classes[:len(x.start.classes):len(x.start.classes)]
	x.now = time.Now()
}
