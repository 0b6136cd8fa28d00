package engine

import (
	"encoding/json"
	"fmt"
)

// WithExtendedInfo puts what a query says besides into the user context of a
// lease, where Kea keeps it (store-extended-info): under a name within the
// member ISC, in place of what is there. The value is JSON.
func WithExtendedInfo(context []byte, name string, value []byte) []byte {
	var members, isc map[string]json.RawMessage
	if json.Unmarshal(context, &members) != nil || len(members) == 0 {
		return fmt.Appendf(nil, `{ "ISC": { "%s": %s } }`, name, value)
	}
	_ = json.Unmarshal(members["ISC"], &isc) // what is no object gives way
	if string(isc[name]) == string(value) {
		return context
	}
	if isc == nil {
		isc = map[string]json.RawMessage{}
	}
	isc[name] = value
	members["ISC"], _ = json.Marshal(isc)
	out, err := json.Marshal(members)
	if err != nil {
		return context
	}
	return out
}

// Members returns the members of the user context of a lease, and of the member
// ISC in it; nil: there are none. Unlike in Go's structs a name is what it is to
// the letter, as for Kea.
func Members(context []byte) (own, isc map[string]json.RawMessage) {
	if len(context) == 0 || json.Unmarshal(context, &own) != nil {
		return nil, nil
	}
	if value := own["ISC"]; json.Unmarshal(value, &isc) != nil {
		return own, nil
	}
	return own, isc
}

// WithMember puts a member of our own into the user context of a lease, beside
// what Kea keeps there. The value is JSON.
func WithMember(context []byte, name string, value []byte) []byte {
	var members map[string]json.RawMessage
	if json.Unmarshal(context, &members) != nil || len(members) == 0 {
		return fmt.Appendf(nil, `{ "%s": %s }`, name, value)
	}
	if string(members[name]) == string(value) {
		return context
	}
	members[name] = value
	out, err := json.Marshal(members)
	if err != nil {
		return context
	}
	return out
}
