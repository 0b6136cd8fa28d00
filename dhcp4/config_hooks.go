package dhcp4

import (
	"errors"
	"slices"
	"strings"

	"github.com/dhcpha/dhcpha/internal/keajson"
)

// HasHook says whether hooks-libraries has a library of this name.
func (c *Config) HasHook(name string) bool {
	return slices.ContainsFunc(c.HooksLibraries, func(h HookLibrary) bool { return h.Name() == name })
}

// checkHooks lets the program check the parameters of the libraries whose work
// it does.
func (c *Config) checkHooks(opts *ParseOptions, report *keajson.Report) {
	for i, h := range c.HooksLibraries {
		if h.Library == "" || opts.Hooks != nil && !slices.Contains(opts.Hooks, h.Name()) {
			continue
		}
		path := at(index("hooks-libraries", i), "parameters")
		// Places are those in the parameters alone, and found again in the file.
		place := func(p ConfigProblem) ConfigProblem {
			p.Path, p.Pos = strings.TrimSuffix(at(path, p.Path), "."), keajson.Pos{}
			return p
		}
		err := opts.Hook(h, func(p ConfigProblem) { report.Warnings = append(report.Warnings, place(p)) })
		if e := (*ConfigError)(nil); errors.As(err, &e) {
			for _, p := range e.Problems {
				report.Problems = append(report.Problems, place(p))
			}
		} else if err != nil {
			report.Errorf(path, "%s: %v", h.Name(), err)
		}
	}
}

// dropHooks reports the libraries that are not among the supported ones, and
// removes them. It comes after everything that speaks of them by number.
func (c *Config) dropHooks(supported []string, report *keajson.Report) {
	var kept []HookLibrary
	for i, h := range c.HooksLibraries {
		if h.Library != "" && !slices.Contains(supported, h.Name()) {
			report.Unsupportedf(at(index("hooks-libraries", i), "library"), "this server has nothing of %s; remove it", h.Name())
			continue
		}
		kept = append(kept, h)
	}
	c.HooksLibraries = kept
}

// flexID checks the parameters of the hook library that makes flexible
// identifiers.
func (ck *checker) flexID() {
	for i, h := range ck.cfg.HooksLibraries {
		if _, err := flexIdentifier(ck.cfg.HooksLibraries[i:i+1], ck.defs); err != nil {
			ck.Errorf(at(index("hooks-libraries", i), "parameters"), "%s: %v", h.Name(), err)
		}
	}
}
