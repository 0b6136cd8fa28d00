package dhcp4

import (
	"net/netip"

	"github.com/dhcpha/dhcpha/internal/class"
	"github.com/dhcpha/dhcpha/internal/engine"
)

// classifyFirst puts the query into the classes that can be told before its
// subnet is known.
func (x *exchange) classifyFirst() {
	x.classes.add(x.q.Classes...)
	x.classes.add(classAll)
	if v := x.m.Options[optVendorClass]; len(v) > 0 {
		x.classes.add(classVendorStart + string(v))
	}
	x.evaluate(false)
}

// evaluate adds the classes whose test the query meets: those that depend on
// whether the client has a reservation, or those that do not.
func (x *exchange) evaluate(known bool) {
	for _, c := range x.p.classes.list {
		if c.test != nil && !c.additional && c.known == known && x.meets(c) {
			x.classes.add(c.name)
		}
	}
}

// evaluateAgain replaces what evaluate(false) found, because classes were
// added that other classes may ask for.
func (x *exchange) evaluateAgain(added []string) {
	kept := x.classes[:0:0]
	for _, name := range x.classes {
		if c := x.p.classes.byName[name]; c == nil || c.test == nil {
			kept = append(kept, name)
		}
	}
	x.classes = kept
	x.classes.add(added...)
	x.evaluate(false)
}

// classifyAdditional evaluates the classes that only where a client is served
// from asks for.
func (x *exchange) classifyAdditional(s *subnet, pl *pool) {
	var names []string
	if pl != nil {
		names = append(names, pl.Additional()...)
	}
	if s != nil {
		names = append(names, s.Additional()...)
		if s.network != nil {
			names = append(names, s.network.Additional()...)
		}
	}
	for _, name := range names {
		if c := x.p.classes.byName[name]; c != nil && (c.test == nil || x.meets(c)) {
			x.classes.add(name)
		}
	}
}

// meets evaluates the test of a class.
func (x *exchange) meets(c *clientClass) bool {
	ok, err := c.test.Match(x.packet())
	if err != nil {
		x.e.core.Log.Debug("class not evaluated", "client", engine.Logged(x.client), "class", c.name, "error", err)
	}
	return ok
}

// packet is what expressions see of the query.
func (x *exchange) packet() *class.Packet {
	if x.asPacket != nil {
		return x.asPacket
	}
	m := x.m
	destination := limitedBroadcast()
	if x.q.Unicast {
		destination = x.q.Local
	}
	or0 := func(ip []byte) netip.Addr {
		if addr := address(ip); addr.IsValid() {
			return addr
		}
		return netip.IPv4Unspecified()
	}
	x.asPacket = &class.Packet{
		Interface:     x.q.Interface,
		Source:        x.q.Source.Addr(),
		Destination:   destination,
		Len:           x.q.Length,
		MessageType:   uint8(x.type_),
		TransactionID: uint32(m.TransactionID[0])<<24 | uint32(m.TransactionID[1])<<16 | uint32(m.TransactionID[2])<<8 | uint32(m.TransactionID[3]),
		HType:         uint8(m.HWType),
		HWAddr:        m.ClientHWAddr,
		CIAddr:        or0(m.ClientIPAddr),
		YIAddr:        or0(m.YourIPAddr),
		SIAddr:        or0(m.ServerIPAddr),
		GIAddr:        or0(m.GatewayIPAddr),
		Option: func(code uint16) ([]byte, bool) {
			if code > 254 {
				return nil, false
			}
			v, ok := m.Options[uint8(code)]
			return v, ok
		},
		Member: x.member,
	}
	return x.asPacket
}

func (x *exchange) member(name string) bool { return x.classes.has(name) }
