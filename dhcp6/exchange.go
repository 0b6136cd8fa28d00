package dhcp6

import (
	"slices"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/dhcpha/dhcpha/internal/class"
	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/internal/option"
	"github.com/dhcpha/dhcpha/lease"
)

// exchange is one query while it is being answered.
type exchange struct {
	course
	scratch
}

// course is what is known of the query so far.
type course struct {
	e   *Engine
	p   *plan
	q   *Query  // how the query came in
	in  *packet // and what it says
	m   message // of the client
	typ dhcpv6.MessageType

	client   lease.Client // ID is the DUID
	room     []byte       // for both, of this exchange alone: they go into leases
	name     string       // of the client: its DUID
	hwType   uint16       // of the hardware address, and where it was found
	hwSource uint32
	ids      []engine.Identity
	classes  engine.ClassSet
	asPacket bool // what expressions see of it is there
	hasCodes bool // those of the options it asks for are there

	subnet *subnet // of the client's link; nil: unknown
	all    []ia    // what the client asks for, or has

	spare int64       // how many leases an identity association gives up for what it is to have
	over  engine.Over // the limit that keeps it from something

	server []byte // what it is known by
	turn   string // for which it waits
	start  exchangeStart
	now    time.Time

	reply message
}

// exchangeStart is what an exchange begins with again when a lease has changed
// meanwhile.
type exchangeStart struct {
	subnet  *subnet
	classes engine.ClassSet
}

// scratch is memory that is used for one exchange after the other.
type scratch struct {
	classRoom   [8]string
	idRoom      []engine.Identity
	iaRoom      []ia
	wishRoom    []wish
	codes       []uint16 // of the options that the client asks for
	levelRoom   engine.Levels
	choice      option.Query
	chosenRoom  []*option.Option
	sourceRoom  []source
	bindings    reused[binding]
	grants      reused[grant]
	bindingRoom bindings
	poolRoom    []*pool
	givenRoom   []*grant
	packet      class.Packet
	relayRoom   []class.Relay

	// The methods of the exchange as functions, which would take memory each
	// time.
	isMember func(string) bool
	serverOf func() string
}

// reused are things that are made once and used for one exchange after the other.
type reused[T any] struct {
	all  []*T
	used int
}

// next returns one as it was left.
func (r *reused[T]) next() *T {
	if r.used == len(r.all) {
		r.all = append(r.all, new(T))
	}
	r.used++
	return r.all[r.used-1]
}

// exchange begins an exchange. It is to be recycled.
func (e *Engine) exchange(q *Query, in *packet) *exchange {
	x, ok := e.exchanges.Get().(*exchange)
	if !ok {
		x = new(exchange)
		x.isMember, x.serverOf = x.member, x.serverName
		x.packet.Option, x.packet.Each, x.packet.Member = x.option, x.each, x.isMember
	}
	x.e, x.p, x.server = e, e.plan.Load(), *e.duid.Load()
	x.q, x.in, x.m, x.typ = q, in, in.message, in.message.typ()
	x.classes = x.classRoom[:0]
	if id, ok := x.m.option(dhcpv6.OptionClientID); ok {
		x.room = append(make([]byte, 0, len(id)+maxHWAddr), id...)
		x.client.ID = slices.Clip(x.room)
	}
	return x
}

// recycle ends it.
func (x *exchange) recycle() {
	e := x.e
	x.course = course{}
	e.exchanges.Put(x)
}

// serverName returns the server that the query's subnet is assigned to. It is
// asked before the query has been looked into, and leaves no trace.
func (x *exchange) serverName() string {
	probe := x.e.exchange(x.q, x.in)
	defer probe.recycle()
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
	x.start = exchangeStart{x.subnet, x.classes}
}

// reset prepares for an answer, the first or another try.
func (x *exchange) reset() {
	x.subnet = x.start.subnet
	x.classes = slices.Clip(x.start.classes)
	x.now = time.Now()
	x.bindings.used, x.grants.used = 0, 0
}
