package dhcp4

import (
	"slices"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

// statNames are Kea's names of the statistics.
var statNames = engine.StatNames{
	Packets: engine.PacketNames{
		Prefix: "pkt4",
		Received: map[int]string{
			int(dhcpv4.MessageTypeNone):     "unknown",
			int(dhcpv4.MessageTypeDiscover): "discover",
			int(dhcpv4.MessageTypeOffer):    "offer",
			int(dhcpv4.MessageTypeRequest):  "request",
			int(dhcpv4.MessageTypeDecline):  "decline",
			int(dhcpv4.MessageTypeAck):      "ack",
			int(dhcpv4.MessageTypeNak):      "nak",
			int(dhcpv4.MessageTypeRelease):  "release",
			int(dhcpv4.MessageTypeInform):   "inform",
		},
		Sent: map[int]string{
			int(dhcpv4.MessageTypeOffer): "offer",
			int(dhcpv4.MessageTypeAck):   "ack",
			int(dhcpv4.MessageTypeNak):   "nak",
		},
	},
	Prefix:  "v4",
	Leases:  []engine.LeaseNames{{Type: lease.V4, Noun: "addresses", Pool: "pool"}},
	Counted: []string{"v4-reservation-conflicts"},
}

// allocationFailed counts a client for which there is no address.
func (x *exchange) allocationFailed() {
	pools := false
	for s := range x.candidates() {
		for _, pl := range s.pools {
			pools = pools || x.classes.Allowed(&pl.Guard)
		}
	}
	x.e.core.Stats.Failed(x.subnet.id, x.subnet.Shared, pools)
	x.e.core.Stats.Dropped.Add(1)
	x.e.core.Log.Warn("no address for client", "client", engine.Logged(x.client), "subnet", x.subnet.id, "classes", slices.Clone([]string(x.classes)))
}

// datagrams is what the server received and sent, for the statistics.
func (s *Server) datagrams() engine.Datagrams {
	c := s.Counters()
	return engine.DatagramsOf(c.Received, c.Sent, c.Shed, c.Refused, RefusedType, c.ReceivedTypes)
}
