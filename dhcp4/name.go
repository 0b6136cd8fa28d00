package dhcp4

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// nameRules say what becomes of the names that clients send.
type nameRules struct {
	replace        string         // never, always, when-present or when-not-present
	prefix, suffix string         // of generated names
	unwanted       *regexp.Regexp // in host names; nil: all is wanted
	replacement    string
}

func nameRulesOf(p *Params) (nameRules, error) {
	r := nameRules{
		replace: *p.DDNSReplaceClientName, prefix: *p.DDNSGeneratedPrefix, suffix: *p.DDNSQualifyingSuffix,
		replacement: *p.HostnameCharReplacement,
	}
	if *p.HostnameCharSet == "" {
		return r, nil
	}
	var err error
	if r.unwanted, err = regexp.Compile(*p.HostnameCharSet); err != nil {
		return r, fmt.Errorf("hostname-char-set: %w", err)
	}
	return r, nil
}

// clientName is what becomes of the name of a client: DNS is not updated, so
// it is only kept in the lease and told to the client, as Kea does with
// updates disabled.
type clientName struct {
	stored string // in the lease, lower case
	code   uint8  // of the option in the reply, 0: none
	value  []byte
}

func (n clientName) addTo(r *dhcpv4.DHCPv4) {
	if n.code != 0 {
		r.Options[n.code] = n.value
	}
}

// clientName decides on the name. A reserved one counts most; then the option
// client FQDN (RFC 4702), of which a client that sends it also wants to hear;
// then the host name option.
func (x *exchange) clientName(g *grant) clientName {
	rules := &g.subnet.names
	if g.pool != nil {
		rules = &g.pool.names
	}
	reserved := ""
	if g.host != nil {
		reserved = g.host.hostname
	}
	if v, ok := x.m.Options[optClientFQDN]; ok {
		return rules.answerFQDN(v, reserved, g.addr)
	}
	name := rules.hostname(string(x.m.Options[optHostname]), reserved, g.addr)
	if splitName(name) == nil {
		return clientName{} // there is none, or the suffix makes it too long
	}
	return clientName{stored: name, code: optHostname, value: []byte(name)}
}

// hostname returns the name for a client that sent this one; empty: none.
func (n *nameRules) hostname(sent, reserved string, addr netip.Addr) string {
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
	if labels := splitName(sent); labels == nil {
		return ""
	}
	name := strings.ToLower(n.clean(sent))
	labels := splitName(name)
	switch {
	case labels == nil:
		return ""
	case len(labels) == 1:
		return n.qualify(name, false)
	default:
		return name
	}
}

// clean replaces what host names should not have.
func (n *nameRules) clean(name string) string {
	if n.unwanted == nil || !n.unwanted.MatchString(name) {
		return name
	}
	return n.unwanted.ReplaceAllLiteralString(name, n.replacement)
}

// generate makes a name of the address.
func (n *nameRules) generate(addr netip.Addr, dot bool) string {
	return n.qualify(n.prefix+"-"+strings.ReplaceAll(addr.String(), ".", "-"), dot)
}

// qualify appends the suffix to a name that does not end in it yet, and ends
// the name with a dot, or without.
func (n *nameRules) qualify(name string, dot bool) string {
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

// splitName returns the labels of a name, or nil if it is none. A NUL ends a
// name as text, so none can be in it.
func splitName(name string) []string {
	name = strings.TrimSuffix(name, ".")
	if name == "" || len(name) > maxName || strings.Contains(name, "\x00") {
		return nil
	}
	labels := strings.Split(name, ".")
	for _, l := range labels {
		if l == "" || len(l) > maxLabel {
			return nil
		}
	}
	return labels
}
