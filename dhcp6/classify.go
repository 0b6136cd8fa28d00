package dhcp6

import (
	"encoding/binary"
	"iter"
	"net/netip"
	"slices"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/dhcpha/dhcpha/internal/class"
	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/internal/serve"
)

// classifyFirst puts the query into the classes that can be told before its
// subnet is known.
func (x *exchange) classifyFirst() {
	x.classes.Add(x.q.Classes...)
	x.classes.Add(engine.ClassAll)
	x.classifyVendor()
	x.p.classes.Evaluate(&x.classes, x)
}

// What vendor classes of cable modems and routers are told by, in whatever
// place of the list they are.
var docsis = [...]string{"docsis3.0", "eRouter1.0"}

// classifyVendor adds, as Kea does, a class for each vendor class option: of
// the first of its items, or of the one that tells what is connected to a
// cable.
func (x *exchange) classifyVendor() {
	for code, value := range options(x.m.options()) {
		if code != dhcpv6.OptionVendorClass {
			continue
		}
		var name string
		found := false
		for item := range vendorClassItems(value) {
			if !found {
				name, found = string(item), true
			}
			if i := slices.Index(docsis[:], string(item)); i >= 0 {
				name = docsis[i]
				if i == 0 {
					break
				}
			}
		}
		if found {
			x.classes.Add(engine.ClassVendorStart + name)
		}
	}
}

// classifyFor adds the classes that come with where the client is served from;
// nil: no pool, no reservation.
func (x *exchange) classifyFor(s *subnet, pl *pool, h *host) {
	if s == nil {
		return
	}
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
	x.e.core.Log.Debug("expression not evaluated", "client", engine.LoggedDUID(x.client), "of", what, "error", err)
}

// Packet is what expressions see of the query.
func (x *exchange) Packet() *class.Packet {
	p := &x.packet
	if x.asPacket {
		return p
	}
	id := x.m.transaction()
	p.Interface = x.q.Interface
	p.Source = x.q.Source.Addr().WithZone("")
	p.Destination = x.destination()
	p.Len = x.q.Length
	p.MessageType = uint8(x.typ)
	p.TransactionID = binary.BigEndian.Uint32([]byte{0, id[0], id[1], id[2]})
	for i := len(x.relayRoom); i < len(x.in.relays); i++ {
		x.relayRoom = append(x.relayRoom, class.Relay{Option: func(code uint16) ([]byte, bool) {
			return x.in.relays[i].option(dhcpv6.OptionCode(code))
		}})
	}
	p.Relays = x.relayRoom[:len(x.in.relays)]
	for i, r := range x.in.relays {
		p.Relays[i].Link, p.Relays[i].Peer = r.link(), r.peer()
	}
	x.asPacket = true
	return p
}

// option returns the payload of the client's first option of a code, and each
// goes through those of all.
func (x *exchange) option(code uint16) ([]byte, bool) { return x.m.option(dhcpv6.OptionCode(code)) }

func (x *exchange) each(code uint16) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for c, value := range options(x.m.options()) {
			if c == dhcpv6.OptionCode(code) && !yield(value) {
				return
			}
		}
	}
}

func (x *exchange) member(name string) bool { return x.classes.Has(name) }

// destination is where the datagram was sent to. Which of the multicast
// addresses it was is not known.
func (x *exchange) destination() netip.Addr {
	if x.q.Unicast {
		return x.q.Local
	}
	return serve.AllRelayAgentsAndServers()
}
