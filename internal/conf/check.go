package conf

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/dhcpha/dhcpha/internal/keajson"
	"github.com/dhcpha/dhcpha/internal/option"
)

// Checker looks for mistakes in what is well-formed. Paths are those of the
// file. What the families have in different structs they walk through
// themselves, and leave to it what is the same.
type Checker struct {
	*keajson.Report
	Family option.Family
	Defs   *option.Defs // the standard ones, and those of the configuration

	classes  map[string]string       // path by name, as far as they have been checked
	declared map[string]bool         // all that are defined
	networks map[string]string       // path by name
	ids      map[uint32]string       // path of a subnet by id
	prefixes map[netip.Prefix]string // path of a subnet by prefix
	pools    []placed                // ranges of addresses, and prefixes to delegate
	links    []placed                // the subnets
}

// NewChecker returns a checker for a configuration that defines these classes.
func NewChecker(f option.Family, report *keajson.Report, classes []string) *Checker {
	ck := &Checker{
		Report: report, Family: f,
		Defs:     option.NewDefs(f),
		classes:  map[string]string{},
		declared: map[string]bool{},
		networks: map[string]string{},
		ids:      map[uint32]string{},
		prefixes: map[netip.Prefix]string{},
	}
	for _, name := range classes {
		ck.declared[name] = true
	}
	return ck
}

// OneOf reports a value that is not among those there are. Empty is unset.
func (ck *Checker) OneOf(path, value string, values ...string) {
	if value != "" && !slices.Contains(values, value) {
		ck.Errorf(path, "must be %s or %s, not %q", strings.Join(values[:len(values)-1], ", "), values[len(values)-1], value)
	}
}

// IsOurs says whether an address is one of the family's, as it stands in
// messages: without a zone, and not one family's in another's clothes.
func (ck *Checker) IsOurs(a netip.Addr) bool {
	if ck.Family == option.V4 {
		return a.Is4()
	}
	return a.Is6() && !a.Is4In6() && a.Zone() == ""
}

// ip is what the family's addresses are called.
func (ck *Checker) ip() string {
	if ck.Family == option.V4 {
		return "IPv4"
	}
	return "IPv6"
}
