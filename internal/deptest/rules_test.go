// Package deptest keeps every package on its floor: what it may import is part
// of what it promises to those who import it.
package deptest

import (
	"fmt"
	"slices"
	"strings"
)

const module = "github.com/dhcpha/dhcpha"

// A rule forbids the packages of from to depend, directly or not, on the
// packages of to. "./" is this module, and a package stands for those below it.
type rule struct {
	from, to []string
	why      string
}

var rules = []rule{
	{
		[]string{"./hash"}, []string{"./lease", "./ctrl", "./dhcp4", "./dhcp6", "./ha", "./internal", external},
		"who needs RFC 3074 compiles RFC 3074 and nothing else",
	},
	{
		[]string{"./lease"}, []string{"./ctrl", "./dhcp4", "./dhcp6", "./ha"},
		"a lease knows neither packets nor HTTP nor partners",
	},
	{
		[]string{"./ctrl"}, []string{"./dhcp4", "./dhcp6", "./ha"},
		"commands are handled by whoever registers a handler",
	},
	{
		[]string{"./lease", "./ctrl", "./ha", "./hash"}, []string{"github.com/insomniacslk/dhcp"},
		"an engine of one's own brings its own packets; this one also brings an lz4 codec",
	},
	{
		[]string{"./ha"}, []string{"./dhcp4", "./dhcp6"},
		"one implementation serves both families and engines that are not ours",
	},
	{
		[]string{"./hash", "./lease", "./ctrl", "./dhcp4", "./dhcp6", haItself, "./ha/hatest", "./ha/hastatus", "./internal"},
		[]string{"./ha/hametrics", "github.com/prometheus"},
		"a metrics client is heavy: who exports no metrics does not compile it",
	},
	{
		[]string{"./hash", "./lease", "./ctrl", "./dhcp4", "./dhcp6", "./ha", "./internal"}, []string{"./ha/hastatus"},
		"a page for people is an extra: who has none does not compile it",
	},
	{
		[]string{"./dhcp4"}, []string{"./dhcp6", "./ha"},
		"HA is met through Gate and Committer; what both families share is in internal",
	},
	{
		[]string{"./dhcp6"}, []string{"./dhcp4", "./ha"},
		"HA is met through Gate and Committer; what both families share is in internal",
	},
	{
		[]string{groundFloor}, []string{"./lease", "./ctrl", "./dhcp4", "./dhcp6", "./ha", "./hash"},
		"it is the ground floor",
	},
	{
		mezzanine, []string{"./dhcp4", "./dhcp6", "./ha", "./hash", "github.com/insomniacslk/dhcp"},
		"it is what dhcp4 and dhcp6 stand on, and knows the messages of neither",
	},
	{
		[]string{"./hash", "./lease", "./ctrl", "./dhcp4", "./dhcp6", "./ha", "./internal", "./examples"},
		[]string{
			"./internal/testnet", "./internal/testcert", "./internal/memnet", "./internal/rig", "./internal/bench", "./internal/chaos",
			"./internal/serve/servetest", "./internal/engine/enginetest", "github.com/stretchr/testify",
		},
		"tests import them, programs must not",
	},
	{
		[]string{"./hash", "./lease", "./ctrl", "./dhcp4", "./dhcp6", "./ha", "./internal", "./examples"}, []string{"testing"},
		"it registers flags; only packages made for tests may have it",
	},
}

// groundFloor stands for the packages of ./internal but for those of the
// mezzanine.
const groundFloor = "(ground floor)"

// haItself stands for package ha without those below it.
const haItself = "(ha itself)"

// mezzanine are packages between the ground floor and dhcp4 and dhcp6: what both
// families do alike with leases and commands.
var mezzanine = []string{"./internal/conf", "./internal/engine", "./internal/serve"}

// measuring are packages that measure the others, or do them harm, from above.
var measuring = []string{"./internal/rig", "./internal/bench", "./internal/chaos"}

// exempt are packages that a rule would catch although they are made for it.
var exempt = []string{"./internal/testnet", "./internal/testcert", "./internal/memnet", "./internal/engine/enginetest", "./lease/leasetest", "./ha/hatest"}

// external stands for every package that is neither ours nor the standard
// library's.
const external = "(other modules)"

// pkg is what `go list -json` says of a package.
type pkg struct {
	ImportPath string
	Deps       []string // all that it depends on
}

// check returns what is wrong, a line each.
func check(pkgs []pkg) []string {
	var wrong []string
	for _, p := range pkgs {
		if !known(p.ImportPath) {
			wrong = append(wrong, p.ImportPath+" is on no floor: give it one, with its rules")
		}
		for _, r := range rules {
			if !matches(p.ImportPath, r.from) || matches(p.ImportPath, measuring) {
				continue
			}
			for _, dep := range p.Deps {
				made := matches(p.ImportPath, exempt) && (within(dep, "testing") || matches(dep, exempt))
				if matches(dep, r.to) && !made {
					wrong = append(wrong, fmt.Sprintf("%s must not depend on %s: %s", p.ImportPath, dep, r.why))
				}
			}
		}
	}
	return wrong
}

// known says whether a package of the module is in some rule, or is the root,
// which holds documentation only.
func known(path string) bool {
	return path == module || slices.ContainsFunc(rules, func(r rule) bool { return matches(path, r.from) })
}

func matches(path string, list []string) bool {
	return slices.ContainsFunc(list, func(p string) bool {
		switch p {
		case external:
			first, _, _ := strings.Cut(path, "/")
			return strings.Contains(first, ".") && !within(path, module)
		case groundFloor:
			return within(path, module+"/internal") && !matches(path, mezzanine)
		case haItself:
			return path == module+"/ha"
		}
		if ours, ok := strings.CutPrefix(p, "."); ok {
			p = module + ours
		}
		return within(path, p)
	})
}

func within(path, parent string) bool {
	return path == parent || strings.HasPrefix(path, parent+"/")
}
