package engine

import "encoding/json"

// ServerIn returns the server that a user-context assigns a subnet or shared
// network to.
func ServerIn(userContext json.RawMessage) string {
	var members struct {
		Server string `json:"ha-server-name"`
	}
	if json.Unmarshal(userContext, &members) != nil {
		return "" // there is none, or it is no string, which has been reported
	}
	return members.Server
}
