package dhcp6

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
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
func withRelayInfo(context []byte, relays []relay) []byte {
	if len(relays) == 0 {
		return context
	}
	list := make([]relayInfo, len(relays))
	for i, r := range relays {
		list[i] = relayInfo{Hop: r.hops(), Link: r.link().String(), Peer: r.peer().String()}
		if options := ownOptions(r); len(options) > 0 {
			list[i].Options = fmt.Sprintf("0x%X", options)
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
func ownOptions(r relay) (own []byte) {
	type option struct {
		code  dhcpv6.OptionCode
		value []byte
	}
	var list []option
	for code, value := range options(r.options()) {
		if code != dhcpv6.OptionRelayMsg {
			list = append(list, option{code, value})
		}
	}
	slices.SortStableFunc(list, func(a, b option) int { return int(a.code) - int(b.code) })
	for _, o := range list {
		own = append(appendHeader(own, o.code, len(o.value)), o.value...)
	}
	return own
}

// placeOf is where the client of a lease is, by what its user context keeps: in
// the form of Kea 2.2, or in that of Kea 2.4 and later, which has more members
// under another name.
func placeOf(l *lease.Lease) engine.Place {
	_, isc := engine.Members(l.UserContext)
	var relays []relayInfo
	for _, name := range [...]string{"relays", "relay-info"} {
		if json.Unmarshal(isc[name], &relays) == nil && len(relays) > 0 {
			break
		}
		relays = nil // what is damaged says nothing
	}
	if len(relays) == 0 {
		return engine.Place{}
	}
	return placeBehind(relays[0].hop(), relays[len(relays)-1].hop(), len(relays) > 1)
}

// hop reads it again. What is damaged says nothing.
func (r *relayInfo) hop() (h hop) {
	h.link, _ = netip.ParseAddr(r.Link)
	h.peer, _ = netip.ParseAddr(r.Peer)
	h.options, _ = hex.DecodeString(strings.TrimPrefix(r.Options, "0x"))
	return h
}
