package dhcp4

import (
	"encoding/binary"
	"net"
	"net/netip"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/dhcpha/dhcpha/internal/engine"
)

// newReply returns a reply with what every reply has (RFC 2131, section 4.3.1,
// table 3), and without an address.
func (x *exchange) newReply(typ dhcpv4.MessageType) *dhcpv4.DHCPv4 {
	m := x.m
	r := &dhcpv4.DHCPv4{
		OpCode:        dhcpv4.OpcodeBootReply,
		HWType:        m.HWType,
		TransactionID: m.TransactionID,
		Flags:         m.Flags,
		ClientIPAddr:  net.IPv4zero,
		YourIPAddr:    net.IPv4zero,
		ServerIPAddr:  net.IPv4zero,
		GatewayIPAddr: m.GatewayIPAddr,
		ClientHWAddr:  m.ClientHWAddr,
		Options:       make(dhcpv4.Options, 14), // the most that 16 slots of a map take
	}
	r.Options[optMessageType] = []byte{byte(typ)}
	if id, ok := m.Options[optClientID]; ok && (x.p.cfg.EchoClientID == nil || *x.p.cfg.EchoClientID) {
		r.Options[optClientID] = id // RFC 6842
	}
	if info := m.Options[optRelayInfo]; len(info) > 0 {
		r.Options[optRelayInfo] = info // RFC 3046, section 2.2
	}
	return r
}

// nak refuses what the client asked for. It says nothing but who says so (RFC
// 2131, table 3).
func (x *exchange) nak() *Reply {
	r := x.newReply(dhcpv4.MessageTypeNak)
	if address(r.GatewayIPAddr).IsValid() {
		// The relay agent cannot reach a client by an address that it is not
		// to use (RFC 2131, section 4.3.2).
		r.Flags |= broadcastFlag
	}
	r.Options[optServerID] = x.serverID(x.subnet, nil)
	return &Reply{Message: r}
}

// grantReply is the OFFER or ACK of an address.
func (x *exchange) grantReply(typ dhcpv4.MessageType, g *grant) *Reply {
	r := x.newReply(typ)
	r.YourIPAddr = g.addr.AsSlice()
	if typ == dhcpv4.MessageTypeAck && x.typ == dhcpv4.MessageTypeRequest {
		r.ClientIPAddr = x.m.ClientIPAddr
	}
	r.Options[optLeaseTime] = seconds(g.valid)
	r.Options[optSubnetMask] = net.CIDRMask(g.subnet.prefix.Bits(), 32)
	t1, t2 := teeTimes(&g.subnet.params, g.valid)
	if t1 > 0 {
		r.Options[optT1] = seconds(t1)
	}
	if t2 > 0 {
		r.Options[optT2] = seconds(t2)
	}
	g.name.addTo(r)
	x.addParameters(r, g.subnet, g.pool, g.host)
	return &Reply{Message: r}
}

func seconds(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

// addParameters adds configured options, the server identifier and the boot
// fields. What the reply has already stays.
func (x *exchange) addParameters(r *dhcpv4.DHCPv4, s *subnet, pl *pool, h *host) {
	if v, ok := x.m.Options[optSubnetSelect]; ok {
		r.Options[optSubnetSelect] = v // RFC 3011
	}
	levels := x.levels(s, pl, h)
	x.addOptions(r, levels)
	r.Options[optServerID] = x.serverID(s, levels)

	b := bootFields{}
	if h != nil {
		b = h.boot
	}
	for _, name := range x.classes {
		b = b.or(x.p.boots[name])
	}
	b = b.or(s.boot)
	if b.server.IsValid() {
		r.ServerIPAddr = b.server.AsSlice()
	}
	r.ServerHostName, r.BootFileName = b.name, b.file
}

// serverID returns what the server is to be known by: what the relay agent
// demands (RFC 5107), what is configured, or the address the query came to.
func (x *exchange) serverID(s *subnet, levels engine.Levels) []byte {
	if v := x.relaySuboption(relayServerIDOverride); len(v) == 4 {
		return v
	}
	if levels == nil {
		levels = x.levels(s, nil, nil)
	}
	if o := x.lookup(optServerID, levels); o != nil && len(o.Value) == 4 {
		return o.Value
	}
	if x.q.Local.IsValid() {
		return x.q.Local.AsSlice()
	}
	return netip.IPv4Unspecified().AsSlice()
}
