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

	relaySourcePort = 19 // sub-option of the relay agent information (RFC 8357, section 4.1)
	broadcastFlag   = 0x8000
)

// limitedBroadcast is 255.255.255.255.
func limitedBroadcast() netip.Addr { return serve.LimitedBroadcast() }

// route is what decides where the reply to a query goes, and how large it may
// be.
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

func routeOf(q *incoming) route {
	r := route{
		local:     q.local,
		relay:     q.giaddr,
		relayPort: serverPort,
		client:    q.ciaddr,
		broadcast: q.flags&broadcastFlag != 0,
		requested: q.options.value(optRequestList),
		maximum:   minMaximum,
	}
	if sourcePortMatters(q.options.value(optRelayInfo)) {
		r.relayPort = q.source.Port()
	}
	switch src := q.source.Addr(); q.msgType() {
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
	if v := q.options.value(optMaxSize); len(v) == 2 {
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
func (r *route) destination(reply *message) destination {
	nak := reply.msgType() == dhcpv4.MessageTypeNak
	your := reply.yiaddr
	switch {
	case r.relay.IsValid():
		if nak {
			reply.flags |= broadcastFlag
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
