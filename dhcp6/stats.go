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
		Received: []string{"unknown", "solicit", "advertise", "request", "confirm", "renew", "rebind", "reply", "release", "decline",
			"", "infrequest"},
		Sent: map[int]string{int(dhcpv6.MessageTypeAdvertise): "advertise", int(dhcpv6.MessageTypeReply): "reply"},
	},
	Leases: []engine.LeaseNames{{Type: lease.NA, Noun: "nas", Pool: "pool"}, {Type: lease.PD, Noun: "pds", Pool: "pd-pool"}},
	Counted: []string{
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
