package conf

import (
	"encoding/json"
	"path"
	"strings"
)

// HookLibrary is an entry of hooks-libraries. What it stands for is decided
// by the program that assembles the server, in [ParseOptions]; the engine
// itself does the work of libdhcp_flex_id.
type HookLibrary struct {
	Library    string          `json:"library"`
	Parameters json.RawMessage `json:"parameters,omitempty"`
}

// Name is what the library is known by: the file's name without folder and
// ending, such as libdhcp_lease_cmds. There need not be such a file.
func (h HookLibrary) Name() string { return strings.TrimSuffix(path.Base(h.Library), ".so") }
