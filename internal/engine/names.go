package engine

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
)

// NameParams are the parameters by which names of clients are handled, all of
// them set.
type NameParams struct {
	Replace        *string // ddns-replace-client-name: never, always, when-present or when-not-present
	Prefix, Suffix *string // ddns-generated-prefix, ddns-qualifying-suffix
	CharSet        *string // hostname-char-set, a regular expression; empty: all is wanted
	Replacement    *string // hostname-char-replacement
}

// NameRules say what becomes of the names that clients send. DNS is not
// updated, so a name is only kept in the lease and told to the client, as Kea
// does with updates disabled.
type NameRules struct {
	replace        string
	prefix, suffix string         // of generated names
	unwanted       *regexp.Regexp // in host names; nil: all is wanted
	replacement    string
}

// NewNameRules compiles the parameters.
func NewNameRules(p NameParams) (NameRules, error) {
	r := NameRules{replace: *p.Replace, prefix: *p.Prefix, suffix: *p.Suffix, replacement: *p.Replacement}
	if *p.CharSet == "" {
		return r, nil
	}
	var err error
	if r.unwanted, err = regexp.Compile(*p.CharSet); err != nil {
		return r, fmt.Errorf("hostname-char-set: %w", err)
	}
	return r, nil
}

// Hostname returns the name for a client that sent this one as its host name;
// empty: none. A reserved name counts more than what is sent. The address is
// what a name is generated from.
func (n *NameRules) Hostname(sent, reserved string, addr netip.Addr) string {
	name := n.hostname(sent, reserved, addr)
	if labels(name) == 0 {
		return "" // there is none, or the suffix makes it too long
	}
	return name
}

func (n *NameRules) hostname(sent, reserved string, addr netip.Addr) string {
	if reserved != "" {
		return strings.ToLower(n.qualify(reserved, false))
	}
	sent = strings.TrimRight(strings.TrimSpace(sent), "\x00")
	switch {
	case sent == "" && (n.replace == "always" || n.replace == "when-not-present"):
		return n.generate(addr, false)
	case sent == "":
		return ""
	case sent == ".", n.replace == "always", n.replace == "when-present":
		return n.generate(addr, false)
	}
	if labels(sent) == 0 {
		return ""
	}
	name := strings.ToLower(n.clean(sent))
	switch labels(name) {
	case 0:
		return ""
	case 1:
		return n.qualify(name, false)
	default:
		return name
	}
}

// clean replaces what host names should not have.
func (n *NameRules) clean(name string) string {
	if n.unwanted == nil || !n.unwanted.MatchString(name) {
		return name
	}
	return n.unwanted.ReplaceAllLiteralString(name, n.replacement)
}

// generate makes a name of the address.
func (n *NameRules) generate(addr netip.Addr, dot bool) string {
	hyphens := strings.NewReplacer(".", "-", ":", "-").Replace(addr.String())
	return n.qualify(n.prefix+"-"+hyphens, dot)
}

// qualify appends the suffix to a name that does not end in it yet, and ends
// the name with a dot, or without.
func (n *NameRules) qualify(name string, dot bool) string {
	name = strings.TrimSuffix(name, ".")
	if suffix := strings.TrimSuffix(n.suffix, "."); suffix != "" && name != suffix && !strings.HasSuffix(name, "."+suffix) {
		name += "." + suffix
	}
	if dot {
		name += "."
	}
	return name
}

const (
	maxLabel = 63  // RFC 1035, section 2.3.4
	maxName  = 253 // as text, without the dot at the end
)

// labels returns how many labels a name has; 0: it is none. A NUL ends a name as
// text, so none can be in it.
func labels(name string) (n int) {
	name = strings.TrimSuffix(name, ".")
	if name == "" || len(name) > maxName || strings.IndexByte(name, 0) >= 0 {
		return 0
	}
	for l := range strings.SplitSeq(name, ".") {
		if l == "" || len(l) > maxLabel {
			return 0
		}
		n++
	}
	return n
}
