package dhcp6

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/dhcpha/dhcpha/internal/engine"
)

// relayInfo is a relay agent in the user context of a lease, with Kea 2.2's
// names.
type relayInfo struct {
	Hop     uint8  `json:"hop"`
	Link    string `json:"link"`
	Options string `json:"options,omitempty"`
	Peer    string `json:"peer"`
}

// withRelayInfo puts what relay agents say into the user context of a lease the
// way Kea 2.2 does (store-extended-info). Without relay agents the context stays
// what it is.
func withRelayInfo(context []byte, relays []*dhcpv6.RelayMessage) []byte {
	if len(relays) == 0 {
		return context
	}
	list := make([]relayInfo, len(relays))
	for i, r := range relays {
		list[i] = relayInfo{Hop: r.HopCount, Link: addressOf(r.LinkAddr).String(), Peer: addressOf(r.PeerAddr).String()}
		if options := ownOptions(r); len(options) > 0 {
			list[i].Options = fmt.Sprintf("0x%X", options.ToBytes())
		}
	}
	value, err := json.Marshal(list)
	if err != nil {
		return context
	}
	return engine.WithExtendedInfo(context, "relays", value)
}

// ownOptions are the options that a relay agent has added, in the order of
// their codes.
func ownOptions(r *dhcpv6.RelayMessage) dhcpv6.Options {
	own := slices.DeleteFunc(slices.Clone(r.Options.Options), func(o dhcpv6.Option) bool {
		return o.Code() == dhcpv6.OptionRelayMsg
	})
	slices.SortStableFunc(own, func(a, b dhcpv6.Option) int { return int(a.Code()) - int(b.Code()) })
	return own
}
