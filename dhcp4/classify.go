package dhcp4

import (
	"net/netip"

	"github.com/dhcpha/dhcpha/internal/class"
	"github.com/dhcpha/dhcpha/internal/engine"
)

// classifyFirst puts the query into the classes that can be told before its
// subnet is known.
func (x *exchange) classifyFirst() {
	x.classes.Add(x.q.Classes...)
	x.classes.Add(engine.ClassAll)
	if v := x.m.Options[optVendorClass]; len(v) > 0 {
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
		MessageType:   uint8(x.typ),
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

func (x *exchange) member(name string) bool { return x.classes.Has(name) }
