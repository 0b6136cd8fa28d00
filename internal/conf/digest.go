package conf

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/dhcpha/dhcpha/internal/option"
)

// Digest returns a hash of what servers have to agree on that stand in for each
// other: of the JSON of a configuration without comments and user-contexts, but
// for what these assign to servers and for the limits they set. What each server
// has for itself, the caller has taken out.
func Digest(config any) string {
	text, err := json.Marshal(config)
	if err != nil {
		return "" // a configuration that has been checked has a JSON
	}
	var tree any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if d.Decode(&tree) != nil {
		return ""
	}
	dropComments(tree)
	if text, err = json.Marshal(tree); err != nil {
		return ""
	}
	return fmt.Sprintf("%x", sha256.Sum256(text))
}

func dropComments(v any) {
	switch v := v.(type) {
	case map[string]any:
		delete(v, "comment")
		if uc, ok := v["user-context"].(map[string]any); ok {
			delete(v, "user-context")
			if server, ok := uc["ha-server-name"]; ok {
				v["user-context"] = server
			}
			if limits, ok := uc["limits"]; ok {
				v["limits"] = limits
			}
		}
		for _, member := range v {
			dropComments(member)
		}
	case []any:
		for _, member := range v {
			dropComments(member)
		}
	}
}

// Agreed returns the options without one that each server has its own of, such
// as the server identifier.
func Agreed(f option.Family, own uint16, list []option.Data) []option.Data {
	standard := option.NewDefs(f)
	return slices.DeleteFunc(slices.Clone(list), func(d option.Data) bool {
		o, err := option.Compile(d, standard)
		return err == nil && o.Code == own && isMainSpace(f, o.Space)
	})
}

func isMainSpace(f option.Family, space string) bool {
	if f == option.V4 {
		return space == "dhcp4"
	}
	return space == "dhcp6"
}
