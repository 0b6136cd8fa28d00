package dhcp4

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/dhcpha/dhcpha/internal/engine/enginetest"
	"github.com/dhcpha/dhcpha/lease"
)

// asker is a client as it shows itself in a packet.
type asker struct{ id, hw []byte }

// has says whether a lease is the client's: their identifiers tell, or the
// hardware if one of them has none (RFC 2131, section 4.2).
func (a *asker) has(l *lease.Lease) bool {
	if len(a.id) > 0 && len(l.ClientID) > 0 {
		return bytes.Equal(a.id, l.ClientID)
	}
	return len(a.hw) > 0 && bytes.Equal(a.hw, l.HWAddr)
}

// key tells clients apart for offers.
func (a *asker) key() string {
	if len(a.id) > 0 {
		return "id " + string(a.id)
	}
	return "hw " + string(a.hw)
}

// asked is a packet in the terms that it is judged by.
type asked struct {
	asker
	typ      dhcpv4.MessageType
	state    requestState // of a REQUEST
	addr     netip.Addr   // that it is about
	plain    bool         // there is nothing in it that makes it an exception
	ours     bool         // it is not for another server
	reserved netip.Addr   // for the client
	assigned int64        // how many clients were given what they did not have
}

// The pool of the subnet, and what of it is reserved.
var (
	unreserved = []netip.Addr{netip.MustParseAddr("192.0.2.10"), netip.MustParseAddr("192.0.2.11"), netip.MustParseAddr("192.0.2.13")}
	ofClient2  = netip.MustParseAddr("192.0.2.12")
)

func (m *clients) askOf(in *incoming) *asked {
	a := &asked{asker: asker{bytes.Clone(in.options.value(optClientID)), bytes.Clone(in.chaddr)}, typ: in.msgType(), ours: true}
	a.addr = in.ciaddr
	if a.typ == request {
		a.state, a.addr = stateOf(in)
	} else if a.typ == decline {
		a.addr = in.addressOption(optRequestedAddr)
	}
	if in.options.has(optServerID) {
		id := in.addressOption(optServerID)
		a.ours = id == serverAddr
	}
	a.plain = in.hwType == 1 && !in.giaddr.IsValid() && len(a.id) != 1 && len(a.id) <= 255
	for _, code := range []uint8{optRelayInfo, optSubnetSelect, optVendorClass} {
		a.plain = a.plain && !in.options.has(code)
	}
	if in.unicast && in.ciaddr.IsValid() {
		a.plain = a.plain && netip.MustParsePrefix("192.0.2.0/24").Contains(in.ciaddr)
	}
	if bytes.Equal(a.hw, []byte{2, 0, 0, 0, 0, 2}) {
		a.reserved = ofClient2
	}
	return a
}

// judge judges the answer to a packet, and what has changed with it.
func (m *clients) judge(a *asked, in *incoming, reply *message, answered bool) {
	now := time.Now()
	before := m.Leases
	said, addr := dhcpv4.MessageTypeNone, netip.Addr{}
	if answered {
		said, addr = reply.msgType(), reply.yiaddr
	}
	acked := said == dhcpv4.MessageTypeAck && addr.IsValid()
	at := func(addr netip.Addr) *lease.Lease {
		if l, ok := before[lease.Key{Type: lease.V4, Addr: addr}]; ok {
			return &l
		}
		return nil
	}
	if addr.IsValid() {
		m.mayHave(a, at, addr)
	}
	if m.Serving {
		m.mustSay(a, in, at, said, addr)
	} else if answered {
		m.Failf("it is answered while the service is off")
	}
	m.Judge("packet", func(c *enginetest.Change) string {
		if of := cmp.Or(c.Is, c.Was).Addr; m.offers[of].who == a.key() {
			delete(m.offers, of) // with what is committed for a client its offers of that end
		}
		switch {
		case a.typ == release && c.Is == nil && a.has(c.Was) && c.Was.Addr == a.addr:
		case a.typ == decline && c.Is != nil && c.Was != nil && a.has(c.Was) && c.Was.Addr == a.addr && enginetest.InUse(c.Was):
			if c.Is.State != lease.Declined || len(c.Is.HWAddr)+len(c.Is.ClientID) > 0 || c.Is.CLTT != now.Unix() || c.Is.ValidLft != 2000 {
				return "it was to be kept from use"
			}
		case acked && c.Is != nil && c.Is.Addr == addr:
			if c.Is.State != lease.Assigned || !a.has(c.Is) || c.Is.CLTT != now.Unix() {
				return "it was to be the client's from now on"
			}
		case acked && c.Is == nil && a.has(c.Was): // it has another one now
		default:
			return "that has nothing to do with the client"
		}
		return ""
	})
	if o, was := m.offers[addr], at(addr); addr.IsValid() && was != nil && enginetest.InUse(was) && o.who != a.key() {
		m.forget(o.who) // the same client under another identity
	}
	if acked {
		l, ok := m.Leases[lease.Key{Type: lease.V4, Addr: addr}]
		told := int64(binary.BigEndian.Uint32(reply.options.value(optLeaseTime)))
		if !ok || !a.has(&l) || l.State != lease.Assigned || l.CLTT+int64(l.ValidLft) != now.Unix()+told {
			m.Failf("acknowledged for %d s and stored as %+v", told, l)
		}
		if was := at(addr); was == nil || !enginetest.InUse(was) || !a.has(was) {
			a.assigned = 1
		}
	}
	if l, ok := m.Leases[lease.Key{Type: lease.V4, Addr: a.addr}]; ok && m.Serving && a.ours && l.State == lease.Assigned && a.has(&l) && validClient(a) {
		if a.typ == release || a.typ == decline && enginetest.InUse(&l) {
			m.Failf("%v was given back in vain", a.addr)
		}
	}
	m.noteOffers(a, said, addr, now)
}

// validClient says whether a client identifies itself as it should.
func validClient(a *asked) bool { return len(a.id) != 1 && len(a.id) <= 255 }

// noteOffers notes who has been offered what, and whose offers have ended.
func (m *clients) noteOffers(a *asked, said dhcpv4.MessageType, addr netip.Addr, now time.Time) {
	switch {
	case said == dhcpv4.MessageTypeOffer:
		m.offers[addr] = offered{a.key(), now.Add(offerTime)}
	case said == dhcpv4.MessageTypeAck && m.offers[addr].who == a.key():
		delete(m.offers, addr) // also if its lease is used on as it is
	case said == dhcpv4.MessageTypeNak && m.offers[a.addr].who == a.key():
		delete(m.offers, a.addr)
	case a.typ == request && !a.ours:
		m.forget(a.key()) // it has taken another one
		m.forget((&asker{hw: a.hw}).key())
	}
}

// forget ends what somebody has been offered.
func (m *clients) forget(who string) {
	for addr, o := range m.offers {
		if o.who == who {
			delete(m.offers, addr)
		}
	}
}

// changed notes that an offer has ended: the address has been leased.
func (m *clients) changed(c *enginetest.Change) {
	if c.Is != nil && enginetest.InUse(c.Is) {
		delete(m.offers, c.Is.Addr)
	}
}

// keptForOther says whether an address has been offered to another client.
func (m *clients) keptForOther(a *asked, addr netip.Addr) bool {
	o, ok := m.offers[addr]
	return ok && o.who != a.key() && time.Now().Before(o.until)
}

// mayHave fails if an address that a client is offered or given is not to be
// had.
func (m *clients) mayHave(a *asked, at func(netip.Addr) *lease.Lease, addr netip.Addr) {
	if l := at(addr); l != nil && enginetest.InUse(l) && !(l.State == lease.Assigned && a.has(l)) {
		m.Failf("%v is another client's", addr)
	}
	if !a.plain {
		return
	}
	if addr != a.reserved && !slices.Contains(unreserved, addr) {
		m.Failf("%v is not the client's to have", addr)
	}
	if l := at(addr); !m.keptForOther(a, addr) || l != nil && enginetest.InUse(l) {
		return // its own is offered to nobody else, but to itself under another identity
	}
	// An offer gives way to another one only where nothing else is left.
	for _, other := range unreserved {
		if l := at(other); (l == nil || !enginetest.InUse(l)) && !m.keptForOther(a, other) && m.offers[other].who != a.key() {
			m.Failf("%v was offered to %x, while %v is free", addr, m.offers[addr].who, other)
		}
	}
	if a.typ == request {
		m.Failf("%v was offered to %x", addr, m.offers[addr].who)
	}
}

// mustSay fails if a client is not answered what it has to be.
func (m *clients) mustSay(a *asked, in *incoming, at func(netip.Addr) *lease.Lease, said dhcpv4.MessageType, addr netip.Addr) {
	if !a.plain || !a.ours {
		return
	}
	free := func(addr netip.Addr) bool { l := at(addr); return l == nil || !enginetest.InUse(l) }
	switch a.typ {
	case discover:
		if in.options.has(optServerID) {
			return
		}
		for _, own := range unreserved {
			if l := at(own); l != nil && enginetest.InUse(l) && m.only(a, l) && !a.reserved.IsValid() && addr != own {
				m.Failf("%v is the client's, and not offered", own)
			}
		}
		for _, addr := range unreserved {
			if free(addr) && said == dhcpv4.MessageTypeNone {
				m.Failf("%v is free, and not offered", addr)
			}
		}
		if addr := a.reserved; addr.IsValid() && free(addr) && !m.keptForOther(a, addr) && said == dhcpv4.MessageTypeNone {
			m.Failf("%v is reserved for the client, and not offered", addr)
		}
	case request:
		if a.state == stateSelecting && said == dhcpv4.MessageTypeNone {
			m.Failf("who selects this server hears nothing")
		}
		its := at(a.addr)
		switch {
		case a.state == stateNone:
		case !slices.Contains(unreserved, a.addr) && a.addr != a.reserved, a.reserved.IsValid() && a.addr != a.reserved:
			// What is to be said depends on more.
		case m.keptForOther(a, a.addr) && !(its != nil && enginetest.InUse(its)), its != nil && enginetest.InUse(its) && !(its.State == lease.Assigned && a.has(its)):
		case a.state == stateInitReboot && !m.only(a, its):
		case said != dhcpv4.MessageTypeAck || addr != a.addr:
			m.Failf("%v is the client's, or free, and not acknowledged", a.addr)
		}
	}
}

// only says whether a lease is the client's, and the only one that might be.
func (m *clients) only(a *asked, l *lease.Lease) bool {
	n := 0
	for _, other := range m.Leases {
		if len(a.id) > 0 && bytes.Equal(a.id, other.ClientID) || len(a.hw) > 0 && bytes.Equal(a.hw, other.HWAddr) {
			n++
		}
	}
	return n == 1 && l != nil && a.has(l) && l.State != lease.Declined
}
