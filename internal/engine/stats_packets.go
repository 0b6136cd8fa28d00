package engine

import "github.com/dhcpha/dhcpha/ctrl"

// PacketNames are what the statistics of messages are called.
type PacketNames struct {
	Prefix string // pkt4 or pkt6
	// Received are what types of messages are called in the statistics of
	// those received, by their numbers. What has no name counts as the first.
	Received []string
	Sent     map[int]string
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
	for _, name := range names.Received {
		if name == "" {
			name = names.Received[0]
		}
		p.receivedTypes = append(p.receivedTypes, stat(name+"-received"))
	}
	p.sentTypes = map[int]*ctrl.Stat{}
	for typ, name := range names.Sent {
		p.sentTypes[typ] = stat(name + "-sent")
	}
}

func (p *Packets) name(name string) string { return p.names.Prefix + "-" + name }

// Received counts a query by the number of its type.
func (p *Packets) Received(typ int) {
	p.received.Add(1)
	if typ >= len(p.receivedTypes) {
		typ = 0
	}
	p.receivedTypes[typ].Add(1)
}

// Sent counts a reply by the number of its type.
func (p *Packets) Sent(typ int) {
	p.sent.Add(1)
	if st := p.sentTypes[typ]; st != nil {
		st.Add(1)
	}
}

// Datagrams is what a server received and sent.
type Datagrams struct {
	Received, Sent, Shed uint64
	Malformed            uint64           // refused, and not for their type
	Type                 func(int) uint64 // received ones by type; those that the server does not know as 0
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
		if name != "" {
			add(name+"-received", func(d Datagrams) uint64 { return d.Type(typ) })
		}
	}
}
