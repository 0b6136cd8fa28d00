package dhcp4

import (
	"encoding/binary"
	"net/netip"

	"github.com/dhcpha/dhcpha/internal/class"
	"github.com/dhcpha/dhcpha/internal/engine"
)

// classifyFirst puts the query into the classes that can be told before its
// subnet is known.
func (x *exchange) classifyFirst() {
	x.classes.Add(x.q.classes...)
	x.classes.Add(engine.ClassAll)
	if v := x.q.options.value(optVendorClass); len(v) > 0 {
		x.classes.Add(engine.ClassVendorStart + string(v))
	}
	x.p.classes.Evaluate(&x.classes, x)
}

// classifyFor adds the classes that come with where the client is served
// from; nil: no pool, no reservation.
func (x *exchange) classifyFor(s *subnet, pl *pool, h *host) {
	if s.Shared && h != nil {
		x.classes.Add(h.classes...)
	}
	if pl != nil {
		x.p.classes.EvaluateAdditional(&x.classes, pl.Additional(), x)
	}
	x.p.classes.EvaluateAdditional(&x.classes, s.Additional, x)
}

// Unclear reports what could not be evaluated.
func (x *exchange) Unclear(what string, err error) {
	x.e.core.Log.Debug("expression not evaluated", "client", engine.Logged(x.client), "of", what, "error", err)
}

// Packet is what expressions see of the query.
func (x *exchange) Packet() *class.Packet {
	if x.seen {
		return &x.packet
	}
	x.seen = true
	q, p := x.q, &x.packet
	p.Interface, p.Source, p.Destination, p.Len = q.iface, q.source.Addr(), limitedBroadcast(), q.length
	if q.unicast {
		p.Destination = q.local
	}
	p.MessageType, p.TransactionID, p.HType, p.HWAddr = uint8(x.typ), binary.BigEndian.Uint32(q.xid[:]), q.hwType, q.chaddr
	p.CIAddr, p.YIAddr, p.SIAddr, p.GIAddr = netip.AddrFrom4(as4(q.ciaddr)), netip.AddrFrom4(as4(q.yiaddr)), netip.AddrFrom4(as4(q.siaddr)), netip.AddrFrom4(as4(q.giaddr))
	return p
}

// optionOf gives expressions an option of the query.
func (x *exchange) optionOf(code uint16) ([]byte, bool) {
	if code >= optEnd {
		return nil, false
	}
	return x.q.options.get(uint8(code))
}

func (x *exchange) member(name string) bool { return x.classes.Has(name) }
