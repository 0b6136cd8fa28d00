package engine

import (
	"encoding/json"
	"iter"
	"slices"
)

// Circle goes through the subnets of a link, from the first that a client may
// be served from, through those behind it and those before it.
func Circle[S comparable](all []S, first S) iter.Seq[S] {
	return func(yield func(S) bool) {
		start := slices.Index(all, first)
		for i := range all {
			if !yield(all[(start+i)%len(all)]) {
				return
			}
		}
	}
}

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
