package dhcp4

import (
	"encoding/binary"
	"net/netip"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/dhcpha/dhcpha/internal/serve"
)

const (
	serverPort = 67
	clientPort = 68

	relaySourcePort = 19 // sub-option of the relay agent information (RFC 8357, section 5.1)
	broadcastFlag   = 0x8000
)

// limitedBroadcast is 255.255.255.255.
func limitedBroadcast() netip.Addr { return serve.LimitedBroadcast() }

// route is what decides where the reply to a query goes, and how large it may
// be. It is taken from the query before the handler, which may change it.
type route struct {
	local     netip.Addr // the address the query was sent to, or the interface's
	relay     netip.Addr // giaddr; invalid: none
	relayPort uint16
	client    netip.Addr // ciaddr, or where an INFORM without it came from; invalid: none
	inform    bool       // the client keeps its address
	broadcast bool       // the client asks for it
	requested []byte     // codes of options, in order of preference
	maximum   int        // length of a message that the client takes, headers included
}

func routeOf(q *Query) route {
	m := q.Message
	r := route{
		local:     q.Local,
		relay:     address(m.GatewayIPAddr),
		relayPort: serverPort,
		client:    address(m.ClientIPAddr),
		broadcast: m.Flags&broadcastFlag != 0,
		requested: m.Options[uint8(dhcpv4.OptionParameterRequestList)],
		maximum:   minMaximum,
	}
	if sourcePortMatters(m.Options[uint8(dhcpv4.OptionRelayAgentInformation)]) {
		r.relayPort = q.Source.Port()
	}
	switch src := q.Source.Addr(); m.MessageType() {
	case dhcpv4.MessageTypeDiscover:
		r.client = netip.Addr{} // it has none yet
	case dhcpv4.MessageTypeInform:
		r.inform = true
		switch {
		case r.client.IsValid():
			// It is answered "directly to the address given in the 'ciaddr'
			// field" (section 4.3.5), also when it came through a relay agent.
			r.relay = netip.Addr{}
		case !r.relay.IsValid() && isUnicast(src):
			r.client = src // it should have said so, but it has one
		}
	}
	if v := m.Options[uint8(dhcpv4.OptionMaximumDHCPMessageSize)]; len(v) == 2 {
		r.maximum = max(minMaximum, int(binary.BigEndian.Uint16(v)))
	}
	return r
}

// destination is where a reply goes.
type destination struct {
	netip.AddrPort
	// link: the client does not have the address yet, so it cannot be asked
	// for its hardware address (chaddr) by ARP.
	link bool
}

// destination says where a reply goes (RFC 2131, section 4.1). It sets the
// broadcast flag of a NAK that a relay agent is to broadcast (section 4.3.2).
//
// Unlike there, ciaddr counts only if it is the address that the client is
// given, or says that it has (INFORM): in every other message it should be 0
// (section 4.4.1, table 5), and any host of the world could be named in it as
// the target of our replies.
func (r route) destination(reply *dhcpv4.DHCPv4) destination {
	nak := reply.MessageType() == dhcpv4.MessageTypeNak
	your := address(reply.YourIPAddr)
	switch {
	case r.relay.IsValid():
		if nak {
			reply.Flags |= broadcastFlag
		}
		return destination{AddrPort: netip.AddrPortFrom(r.relay, r.relayPort)}
	case nak:
		return destination{AddrPort: netip.AddrPortFrom(limitedBroadcast(), clientPort)}
	case r.client.IsValid() && (r.inform || r.client == your || !your.IsValid()):
		return destination{AddrPort: netip.AddrPortFrom(r.client, clientPort)}
	case r.broadcast || !your.IsValid():
		return destination{AddrPort: netip.AddrPortFrom(limitedBroadcast(), clientPort)}
	default:
		return destination{AddrPort: netip.AddrPortFrom(your, clientPort), link: true}
	}
}

// sourcePortMatters says whether a relay agent wants replies at the port it
// sends from.
func sourcePortMatters(relayInfo []byte) bool {
	for len(relayInfo) >= 2 && len(relayInfo) >= 2+int(relayInfo[1]) {
		if relayInfo[0] == relaySourcePort {
			return true
		}
		relayInfo = relayInfo[2+int(relayInfo[1]):]
	}
	return false
}

// isUnicast says whether one host can have the address.
func isUnicast(addr netip.Addr) bool {
	return addr.Is4() && addr.As4()[0] != 0 && addr.As4()[0] < 224
}

// address is the zero Addr for a field that is not set.
func address(ip []byte) netip.Addr {
	addr, _ := netip.AddrFromSlice(ip)
	addr = addr.Unmap()
	if !addr.Is4() || addr.IsUnspecified() {
		return netip.Addr{}
	}
	return addr
}
