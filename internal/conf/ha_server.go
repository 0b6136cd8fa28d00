package conf

import "encoding/json"

// HAServer returns the server that a user-context assigns a subnet or shared
// network to, in the manner of Kea's hubs; empty: none.
func HAServer(userContext json.RawMessage) string {
	var members struct {
		Server string `json:"ha-server-name"`
	}
	if json.Unmarshal(userContext, &members) != nil {
		return "" // there is none, or it is no string, which has been reported
	}
	return members.Server
}

// HAServer checks what assigns a network or subnet to a server.
func (ck *Checker) HAServer(path string, userContext json.RawMessage) {
	var members struct {
		Server json.RawMessage `json:"ha-server-name"`
	}
	var name string
	if json.Unmarshal(userContext, &members) == nil && members.Server != nil && json.Unmarshal(members.Server, &name) != nil {
		ck.Errorf(At(path, "user-context.ha-server-name"), "must be a string, the name of a server")
	}
}
