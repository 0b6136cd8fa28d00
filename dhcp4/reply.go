package dhcp4

import (
	"encoding/binary"
	"net/netip"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/dhcpha/dhcpha/internal/engine"
)

// newReply begins the reply with what every reply has (RFC 2131, section 4.3.1,
// table 3), and without an address.
func (x *exchange) newReply(typ dhcpv4.MessageType) *message {
	q, r := x.q, &x.reply
	r.options.reset()
	r.op, r.hwType, r.xid, r.flags = uint8(dhcpv4.OpcodeBootReply), q.hwType, q.xid, q.flags
	r.ciaddr, r.yiaddr, r.siaddr, r.giaddr = netip.Addr{}, netip.Addr{}, netip.Addr{}, q.giaddr
	r.chaddr, r.sname, r.file = q.chaddr, nil, nil
	r.options.set(optMessageType, x.kept(byte(typ)))
	if id, ok := q.options.get(optClientID); ok && (x.p.cfg.EchoClientID == nil || *x.p.cfg.EchoClientID) {
		r.options.set(optClientID, id) // RFC 6842
	}
	if info := q.options.value(optRelayInfo); len(info) > 0 {
		r.options.set(optRelayInfo, info) // RFC 3046, section 2.2
	}
	return r
}

// kept copies the value of an option into memory that lasts as long as the reply.
func (x *exchange) kept(b ...byte) []byte {
	at := len(x.room.values)
	x.room.values = append(x.room.values, b...)
	return x.room.values[at:len(x.room.values):len(x.room.values)]
}

func (x *exchange) keptText(s string) []byte {
	at := len(x.room.values)
	x.room.values = append(x.room.values, s...)
	return x.room.values[at:len(x.room.values):len(x.room.values)]
}

func (x *exchange) keptAddr(addr netip.Addr) []byte {
	b := as4(addr)
	return x.kept(b[:]...)
}

func (x *exchange) keptSeconds(n uint32) []byte {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], n)
	return x.kept(b[:]...)
}

// nak refuses what the client asked for. It says nothing but who says so (RFC
// 2131, table 3).
func (x *exchange) nak() *message {
	r := x.newReply(dhcpv4.MessageTypeNak)
	if r.giaddr.IsValid() {
		// The relay agent cannot reach a client by an address that it is not
		// to use (RFC 2131, section 4.3.2).
		r.flags |= broadcastFlag
	}
	r.options.set(optServerID, x.serverID(x.levels(x.subnet, nil, nil)))
	return r
}

// grantReply is the OFFER or ACK of an address.
func (x *exchange) grantReply(typ dhcpv4.MessageType, g *grant) *message {
	r := x.newReply(typ)
	r.yiaddr = g.addr
	if typ == dhcpv4.MessageTypeAck && x.typ == dhcpv4.MessageTypeRequest {
		r.ciaddr = x.q.ciaddr
	}
	r.options.set(optLeaseTime, x.keptSeconds(g.valid))
	r.options.set(optSubnetMask, g.subnet.mask)
	t1, t2 := teeTimes(&g.subnet.params, g.valid)
	if t1 > 0 {
		r.options.set(optT1, x.keptSeconds(t1))
	}
	if t2 > 0 {
		r.options.set(optT2, x.keptSeconds(t2))
	}
	g.name.addTo(r)
	x.addParameters(r, g.subnet, g.pool, g.host)
	return r
}

// addParameters adds configured options, the server identifier and the boot
// fields. What the reply has already stays.
func (x *exchange) addParameters(r *message, s *subnet, pl *pool, h *host) {
	if v, ok := x.q.options.get(optSubnetSelect); ok {
		r.options.set(optSubnetSelect, v) // RFC 3011
	}
	levels := x.levels(s, pl, h)
	x.addOptions(r, levels)
	r.options.set(optServerID, x.serverID(levels))

	b := bootFields{}
	if h != nil {
		b = h.boot
	}
	for _, name := range x.classes {
		b = b.or(x.p.boots[name])
	}
	b = b.or(s.boot)
	r.siaddr = b.server
	r.sname, r.file = x.keptText(b.name), x.keptText(b.file)
}

// serverID returns what the server is to be known by: what the relay agent
// demands (RFC 5107), what is configured, or the address the query came to.
func (x *exchange) serverID(levels engine.Levels) []byte {
	if v := x.relaySuboption(relayServerIDOverride); len(v) == 4 {
		return v
	}
	if o := x.lookup(optServerID, levels); o != nil && len(o.Value) == 4 {
		return o.Value
	}
	return x.keptAddr(x.q.local)
}
