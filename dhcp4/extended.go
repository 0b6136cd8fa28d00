package dhcp4

import (
	"fmt"

	"github.com/dhcpha/dhcpha/internal/engine"
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
