package engine

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
)

// PacketNames are what the statistics of messages are called.
type PacketNames struct {
	Prefix string // pkt4 or pkt6
	// Received and Sent are what types of messages are called, by their
	// numbers. What is received of a type without a name counts as 0.
	Received, Sent map[int]string
}

// Packets are the statistics of messages.
type Packets struct {
	Dropped  *ctrl.Stat // queries that are not answered
	Disabled *ctrl.Stat // of these, because the service was off
	Filtered *ctrl.Stat // because of the class DROP
	NotForUs *ctrl.Stat // because they name another server

	names         *PacketNames
	all           *ctrl.Stats
	received      *ctrl.Stat
	sent          *ctrl.Stat
	receivedTypes []*ctrl.Stat
	sentTypes     map[int]*ctrl.Stat
}

func (p *Packets) init(all *ctrl.Stats, names *PacketNames) {
	p.all, p.names = all, names
	stat := func(name string) *ctrl.Stat { return all.Stat(p.name(name)) }
	p.Dropped, p.Disabled, p.Filtered, p.NotForUs = stat("receive-drop"), stat("service-disabled"), stat("admin-filtered"), stat("not-for-us")
	p.received, p.sent = stat("received"), stat("sent")
	stat("queue-full") // which a server counts; see Of
	stat("parse-failed")
	p.receivedTypes = make([]*ctrl.Stat, slices.Max(slices.Collect(maps.Keys(names.Received)))+1)
	for typ := range p.receivedTypes {
		p.receivedTypes[typ] = stat(cmp.Or(names.Received[typ], names.Received[0]) + "-received")
	}
	p.sentTypes = map[int]*ctrl.Stat{}
	for typ, name := range names.Sent {
		p.sentTypes[typ] = stat(name + "-sent")
	}
}

func (p *Packets) name(name string) string { return p.names.Prefix + "-" + name }

// Received counts a query by the number of its type.
func (p *Packets) Received(typ int) {
	if typ >= len(p.receivedTypes) {
		typ = 0
	}
	now := time.Now()
	p.received.AddAt(now, 1)
	p.receivedTypes[typ].AddAt(now, 1)
}

// Sent counts a reply by the number of its type.
func (p *Packets) Sent(typ int) {
	now := time.Now()
	p.sent.AddAt(now, 1)
	if st := p.sentTypes[typ]; st != nil {
		st.AddAt(now, 1)
	}
}

// Datagrams is what a server received and sent.
type Datagrams struct {
	Received, Sent, Shed uint64
	Malformed            uint64           // refused, and not for their type
	Type                 func(int) uint64 // received ones by type; those that the server does not know as 0
}

// DatagramsOf makes it of a server's counters. What is refused for its type is
// counted by its type.
func DatagramsOf[Refusal comparable, Type ~uint8](received, sent, shed uint64, refused map[Refusal]uint64, forType Refusal, types map[Type]uint64) Datagrams {
	d := Datagrams{Received: received, Sent: sent, Shed: shed}
	for reason, n := range refused {
		if reason != forType {
			d.Malformed += n
		}
	}
	d.Type = func(typ int) uint64 { return types[Type(typ)] }
	return d
}

// Of makes the statistics tell of everything that a server received and sent,
// malformed datagrams included.
func (p *Packets) Of(server func() Datagrams) {
	add := func(name string, of func(Datagrams) uint64) {
		p.all.Func(p.name(name), func() int64 { return int64(of(server())) })
	}
	add("received", func(d Datagrams) uint64 { return d.Received })
	add("sent", func(d Datagrams) uint64 { return d.Sent })
	add("queue-full", func(d Datagrams) uint64 { return d.Shed })
	add("parse-failed", func(d Datagrams) uint64 { return d.Malformed })
	for typ, name := range p.names.Received {
		add(name+"-received", func(d Datagrams) uint64 { return d.Type(typ) })
	}
}
