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

// withRelay puts the relay agent's address beside it, which Kea does not keep
// and clients are counted by.
func withRelay(context []byte, relay netip.Addr) []byte {
	if !relay.IsValid() {
		return context
	}
	return engine.WithMember(context, "relay-address", fmt.Appendf(nil, `"%s"`, relay))
}

// placeOf is where the client of a lease is, by what its user context keeps.
func placeOf(l *lease.Lease) (p engine.Place) {
	var context struct {
		ISC struct {
			Info json.RawMessage `json:"relay-agent-info"`
		}
		Relay netip.Addr `json:"relay-address"`
	}
	if len(l.UserContext) == 0 || json.Unmarshal(l.UserContext, &context) != nil {
		return p
	}
	p.Relay = context.Relay
	p.Circuit, p.Remote = portIn(relayInfoIn(context.ISC.Info))
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
	info, _ := hex.DecodeString(strings.TrimPrefix(text, "0x")) // what is damaged says nothing
	return info
}
