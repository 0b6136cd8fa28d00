package dhcp6

import (
	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

// statNames are Kea's names of the statistics.
var statNames = engine.StatNames{
	Packets: engine.PacketNames{
		Prefix: "pkt6",
		Received: map[int]string{
			int(dhcpv6.MessageTypeNone):               "unknown",
			int(dhcpv6.MessageTypeSolicit):            "solicit",
			int(dhcpv6.MessageTypeAdvertise):          "advertise",
			int(dhcpv6.MessageTypeRequest):            "request",
			int(dhcpv6.MessageTypeConfirm):            "confirm",
			int(dhcpv6.MessageTypeRenew):              "renew",
			int(dhcpv6.MessageTypeRebind):             "rebind",
			int(dhcpv6.MessageTypeReply):              "reply",
			int(dhcpv6.MessageTypeRelease):            "release",
			int(dhcpv6.MessageTypeDecline):            "decline",
			int(dhcpv6.MessageTypeInformationRequest): "infrequest",
			int(dhcpv6.MessageTypeDHCPv4Query):        "dhcpv4-query",
			int(dhcpv6.MessageTypeDHCPv4Response):     "dhcpv4-response",
			int(typeRegister):                         "addr-reg-inform",
			int(typeRegistered):                       "addr-reg-reply",
		},
		Sent: map[int]string{
			int(dhcpv6.MessageTypeAdvertise):      "advertise",
			int(dhcpv6.MessageTypeReply):          "reply",
			int(dhcpv6.MessageTypeDHCPv4Response): "dhcpv4-response",
			int(typeRegistered):                   "addr-reg-reply",
		},
	},
	Leases: []engine.LeaseNames{{Type: lease.NA, Noun: "nas", Pool: "pool"}, {Type: lease.PD, Noun: "pds", Pool: "pd-pool"}},
	Counted: []string{
		"cumulative-registered-nas",
		"v6-ia-na-lease-reuses",
		"v6-ia-pd-lease-reuses",
		"v6-allocation-fail",
		"v6-allocation-fail-classes",
		"v6-allocation-fail-no-pools",
		"v6-allocation-fail-shared-network",
		"v6-allocation-fail-subnet",
	},
}

// allocationFailed counts an identity association for which there is nothing.
func (x *exchange) allocationFailed(typ lease.Type) {
	stats := &x.e.core.Stats
	name, pools := "v6-allocation-fail-subnet", false
	if x.subnet.Shared {
		name = "v6-allocation-fail-shared-network"
	}
	for s := range x.candidates(x.subnet) {
		for _, pl := range s.poolsOf(typ) {
			pools = pools || x.classes.Allowed(&pl.Guard)
		}
	}
	stats.Count(name, x.subnet.id)
	if pools {
		stats.Count("v6-allocation-fail", x.subnet.id)
	} else {
		stats.Count("v6-allocation-fail-no-pools", x.subnet.id)
	}
	stats.Count("v6-allocation-fail-classes", x.subnet.id)
	x.e.core.Log.Warn("nothing left for client", "client", engine.LoggedDUID(x.client), "type", typ, "subnet", x.subnet.id, "classes", []string(x.classes))
}

// datagrams is what the server received and sent, for the statistics.
func (s *Server) datagrams() engine.Datagrams {
	c := s.Counters()
	return engine.DatagramsOf(c.Received, c.Sent, c.Shed, c.Refused, RefusedType, c.ReceivedTypes)
}
