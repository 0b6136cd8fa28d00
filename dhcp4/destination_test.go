package dhcp4

import (
	"net"
	"net/netip"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/stretchr/testify/require"
)

// RFC 2131, section 4.1, sentence by sentence.
func TestDestination(t *testing.T) {
	t.Parallel()
	const (
		ack      = dhcpv4.MessageTypeAck
		nak      = dhcpv4.MessageTypeNak
		request  = dhcpv4.MessageTypeRequest
		inform   = dhcpv4.MessageTypeInform
		everyone = "255.255.255.255:68"
	)
	relay := dhcpv4.WithGatewayIP(net.IPv4(10, 0, 0, 1))
	client := dhcpv4.WithClientIP(net.IPv4(192, 0, 2, 100))
	elsewhere := dhcpv4.WithClientIP(net.IPv4(198, 51, 100, 9))
	flag := dhcpv4.WithBroadcast(true)
	sourcePort := dhcpv4.WithOption(dhcpv4.OptGeneric(dhcpv4.OptionRelayAgentInformation, []byte{1, 1, 'x', relaySourcePort, 0}))
	tests := map[string]struct {
		typ    dhcpv4.MessageType
		query  []dhcpv4.Modifier
		source string
		answer dhcpv4.MessageType
		to     string
		link   bool
	}{
		"giaddr set: its server port":          {request, []dhcpv4.Modifier{relay, client, flag}, "10.0.0.1:67", ack, "10.0.0.1:67", false},
		"giaddr set, NAK":                      {request, []dhcpv4.Modifier{relay}, "10.0.0.1:67", nak, "10.0.0.1:67", false},
		"relay agent's own port (RFC 8357)":    {request, []dhcpv4.Modifier{relay, sourcePort}, "10.0.0.2:4000", ack, "10.0.0.1:4000", false},
		"its option without a relay agent":     {request, []dhcpv4.Modifier{sourcePort}, "10.0.0.2:4000", ack, "192.0.2.100:68", true},
		"ciaddr set: unicast":                  {request, []dhcpv4.Modifier{client, flag}, "192.0.2.100:68", ack, "192.0.2.100:68", false},
		"ciaddr set, NAK: broadcast":           {request, []dhcpv4.Modifier{client}, "192.0.2.100:68", nak, everyone, false},
		"another ciaddr than the lease's":      {request, []dhcpv4.Modifier{elsewhere}, anyClient, ack, "192.0.2.100:68", true},
		"the same, broadcast flag":             {request, []dhcpv4.Modifier{elsewhere, flag}, anyClient, ack, everyone, false},
		"ciaddr in a DISCOVER":                 {discover, []dhcpv4.Modifier{elsewhere}, anyClient, dhcpv4.MessageTypeOffer, "192.0.2.100:68", true},
		"broadcast flag":                       {request, []dhcpv4.Modifier{flag}, anyClient, ack, everyone, false},
		"neither: hardware address and yiaddr": {request, nil, anyClient, ack, "192.0.2.100:68", true},
		"neither, NAK: broadcast":              {request, nil, anyClient, nak, everyone, false},
		"INFORM: ciaddr":                       {inform, []dhcpv4.Modifier{elsewhere}, "198.51.100.9:68", ack, "198.51.100.9:68", false},
		"INFORM: ciaddr, although relayed":     {inform, []dhcpv4.Modifier{elsewhere, relay}, "10.0.0.1:67", ack, "198.51.100.9:68", false},
		"INFORM without ciaddr, relayed":       {inform, []dhcpv4.Modifier{relay}, "10.0.0.1:67", ack, "10.0.0.1:67", false},
		"INFORM without ciaddr: where from":    {inform, nil, "192.0.2.9:68", ack, "192.0.2.9:68", false},
		"INFORM from nowhere":                  {inform, []dhcpv4.Modifier{flag}, anyClient, ack, everyone, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := &Query{Message: query(t, tt.typ, tt.query...), Source: netip.MustParseAddrPort(tt.source)}
			reply, err := dhcpv4.NewReplyFromRequest(q.Message, dhcpv4.WithMessageType(tt.answer), dhcpv4.WithYourIP(net.IPv4(192, 0, 2, 100)))
			require.NoError(t, err)
			var own message
			require.NoError(t, own.take(reply))
			r := routeOf(incomingOf(q))
			require.Equal(t, destination{netip.MustParseAddrPort(tt.to), tt.link}, r.destination(&own))
			wantFlag := tt.answer == nak && !q.Message.GatewayIPAddr.IsUnspecified() || q.Message.IsBroadcast()
			require.Equal(t, wantFlag, own.flags&broadcastFlag != 0, "the relay agent is to broadcast a NAK (section 4.3.2)")
		})
	}
}

func TestReplyWithoutAnAddressIsBroadcast(t *testing.T) {
	t.Parallel()
	q := &Query{Message: query(t, dhcpv4.MessageTypeRequest), Source: netip.MustParseAddrPort(anyClient)}
	reply, err := dhcpv4.NewReplyFromRequest(q.Message, dhcpv4.WithMessageType(dhcpv4.MessageTypeAck))
	require.NoError(t, err)
	var own message
	require.NoError(t, own.take(reply))
	r := routeOf(incomingOf(q))
	require.Equal(t, destination{netip.MustParseAddrPort("255.255.255.255:68"), false}, r.destination(&own))
}
