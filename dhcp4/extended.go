package dhcp4

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"

	"github.com/dhcpha/dhcpha/internal/engine"
	"github.com/dhcpha/dhcpha/lease"
)

// withRelayInfo puts the relay agent's information into the user context of a
// lease the way Kea 2.2 does (store-extended-info). Without such information
// the context stays what it is.
func withRelayInfo(context, info []byte) []byte {
	if len(info) == 0 {
		return context
	}
	return engine.WithExtendedInfo(context, "relay-agent-info", fmt.Appendf(nil, `"0x%X"`, info))
}

// withPlace puts the relay agent's address beside it, which Kea does not keep
// and clients are counted by.
func withPlace(context, info []byte, relay netip.Addr) []byte {
	switch {
	case !relay.IsValid():
		return withRelayInfo(context, info)
	case len(context) == 0 && len(info) > 0: // as most are, and at once
		return fmt.Appendf(nil, `{ "ISC": { "relay-agent-info": "0x%X" }, "relay-address": "%s" }`, info, relay)
	}
	return engine.WithMember(withRelayInfo(context, info), "relay-address", fmt.Appendf(nil, `"%s"`, relay))
}

// placeOf is where the client of a lease is, by what its user context keeps.
func placeOf(l *lease.Lease) (p engine.Place) {
	own, isc := engine.Members(l.UserContext)
	var relay string
	_ = json.Unmarshal(own["relay-address"], &relay) // what is damaged says nothing
	p.Relay, _ = netip.ParseAddr(relay)
	p.Circuit, p.Remote = portIn(relayInfoIn(isc["relay-agent-info"]))
	return p
}

// relayInfoIn reads the relay agent's information in the form of Kea 2.2, or in
// that of Kea 2.4 and later.
func relayInfoIn(value json.RawMessage) []byte {
	var text string
	if len(value) > 0 && value[0] == '{' {
		var later struct {
			Suboptions string `json:"sub-options"`
		}
		_ = json.Unmarshal(value, &later)
		text = later.Suboptions
	} else if len(value) > 0 {
		_ = json.Unmarshal(value, &text)
	}
	info, _ := hex.DecodeString(strings.TrimPrefix(text, "0x"))
	return info
}
