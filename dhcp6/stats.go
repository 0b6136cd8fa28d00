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
	Prefix: "v6",
	Leases: []engine.LeaseNames{
		{Type: lease.NA, Noun: "nas", Pool: "pool", Kind: "ia-na-"},
		{Type: lease.PD, Noun: "pds", Pool: "pd-pool", Kind: "ia-pd-"},
	},
	Counted: []string{registeredAddresses},
}

// registeredAddresses counts addresses that clients have registered (RFC 9686).
const registeredAddresses = "cumulative-registered-nas"

// allocationFailed counts an identity association for which there is nothing.
func (x *exchange) allocationFailed(typ lease.Type) {
	pools := false
	for s := range x.candidates(x.subnet) {
		for _, pl := range s.poolsOf(typ) {
			pools = pools || x.classes.Allowed(&pl.Guard)
		}
	}
	x.e.core.Stats.Failed(x.subnet.id, x.subnet.Shared, pools)
	x.e.core.Log.Warn("no address or prefix for client", "client", engine.LoggedDUID(x.client), "type", typ, "subnet", x.subnet.id, "classes", x.loggedClasses())
}

// datagrams is what the server received and sent, for the statistics.
func (s *Server) datagrams() engine.Datagrams {
	c := s.Counters()
	return engine.DatagramsOf(c.Received, c.Sent, c.Shed, c.Refused, RefusedType, c.ReceivedTypes)
}
