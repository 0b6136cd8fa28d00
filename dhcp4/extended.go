package dhcp4

import (
	"encoding/json"
	"fmt"
)

// withRelayInfo puts the relay agent's information into the user context of a
// lease the way Kea 2.2 does (store-extended-info). Without such information
// the context stays what it is.
func withRelayInfo(context, info []byte) []byte {
	if len(info) == 0 {
		return context
	}
	value := fmt.Appendf(nil, `"0x%X"`, info)
	var members, isc map[string]json.RawMessage
	if json.Unmarshal(context, &members) != nil || len(members) == 0 {
		return fmt.Appendf(nil, `{ "ISC": { "relay-agent-info": %s } }`, value)
	}
	_ = json.Unmarshal(members["ISC"], &isc) // what is no object gives way
	if string(isc["relay-agent-info"]) == string(value) {
		return context
	}
	if isc == nil {
		isc = map[string]json.RawMessage{}
	}
	isc["relay-agent-info"] = value
	members["ISC"], _ = json.Marshal(isc)
	out, err := json.Marshal(members)
	if err != nil {
		return context
	}
	return out
}
