package conf

import (
	"encoding/json"
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/dhcpha/dhcpha/internal/keajson"
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

// HasHook says whether one of the libraries has this name.
func HasHook(libraries []HookLibrary, name string) bool {
	return slices.ContainsFunc(libraries, func(h HookLibrary) bool { return h.Name() == name })
}

// checkHooks lets the program check the parameters of the libraries whose work
// it does.
func checkHooks(libraries []HookLibrary, opts *ParseOptions, report *keajson.Report) {
	for i, h := range libraries {
		if h.Library == "" || opts.Hooks != nil && !slices.Contains(opts.Hooks, h.Name()) {
			continue
		}
		path := At(Index("hooks-libraries", i), "parameters")
		// Places are those in the parameters alone, and found again in the file.
		place := func(p keajson.Problem) keajson.Problem {
			p.Path, p.Pos = strings.TrimSuffix(At(path, p.Path), "."), keajson.Pos{}
			return p
		}
		err := opts.Hook(h, func(p keajson.Problem) { report.Warnings = append(report.Warnings, place(p)) })
		if e := (*keajson.Error)(nil); errors.As(err, &e) {
			for _, p := range e.Problems {
				report.Problems = append(report.Problems, place(p))
			}
		} else if err != nil {
			report.Errorf(path, "%s: %v", h.Name(), err)
		}
	}
}

// dropHooks reports the libraries that are not among the supported ones, and
// returns the others. It comes after everything that speaks of them by number.
func dropHooks(libraries []HookLibrary, supported []string, report *keajson.Report) (kept []HookLibrary) {
	for i, h := range libraries {
		if h.Library != "" && !slices.Contains(supported, h.Name()) {
			report.Unsupportedf(At(Index("hooks-libraries", i), "library"), "this server has nothing of %s; remove it", h.Name())
			continue
		}
		kept = append(kept, h)
	}
	return kept
}
