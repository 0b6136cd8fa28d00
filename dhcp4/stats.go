package dhcp4

import (
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
	Leases: []engine.LeaseNames{{Type: lease.V4, Noun: "addresses", Pool: "pool"}},
	Counted: []string{
		"v4-lease-reuses",
		"v4-reservation-conflicts",
		"v4-allocation-fail",
		"v4-allocation-fail-classes",
		"v4-allocation-fail-no-pools",
		"v4-allocation-fail-shared-network",
		"v4-allocation-fail-subnet",
	},
}

// allocationFailed counts a client for which there is no address.
func (x *exchange) allocationFailed() {
	stats := &x.e.core.Stats
	name, pools := "v4-allocation-fail-subnet", false
	if x.subnet.Shared {
		name = "v4-allocation-fail-shared-network"
	}
	for s := range x.candidates() {
		for _, pl := range s.pools {
			pools = pools || x.classes.Allowed(&pl.Guard)
		}
	}
	stats.Count(name, x.subnet.id)
	if pools {
		stats.Count("v4-allocation-fail", x.subnet.id)
	} else {
		stats.Count("v4-allocation-fail-no-pools", x.subnet.id)
	}
	stats.Count("v4-allocation-fail-classes", x.subnet.id)
	stats.Dropped.Add(1)
	x.e.core.Log.Warn("no address for client", "client", engine.Logged(x.client), "subnet", x.subnet.id, "classes", []string(x.classes))
}

// datagrams is what the server received and sent, for the statistics.
func (s *Server) datagrams() engine.Datagrams {
	c := s.Counters()
	return engine.DatagramsOf(c.Received, c.Sent, c.Shed, c.Refused, RefusedType, c.ReceivedTypes)
}
