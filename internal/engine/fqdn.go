package engine

import (
	"net/netip"
	"strings"
)

// FQDN is what a client FQDN option says. Its wire forms differ between RFC
// 4702 (DHCPv4) and RFC 4704 (DHCPv6), its meaning does not.
type FQDN struct {
	Name     string // the dot at its end means that it is complete; empty: none
	Updates  bool   // S: the server updates the address record
	Override bool   // O: the server overrides the client's wish for S
	None     bool   // N: the server makes no updates
}

// AnswerFQDN answers a client FQDN option: no DNS updates are made by us (N),
// and its name, made complete, is such. A reserved name counts more than what
// is sent; the address is what a name is generated from. What is not to be
// answered is not ok.
func (n *NameRules) AnswerFQDN(asked FQDN, reserved string, addr netip.Addr) (answer FQDN, ok bool) {
	if asked.Updates && asked.None {
		return FQDN{}, false // section 2.1 of RFC 4702, 4.1 of RFC 4704: not a combination that clients may send
	}
	if asked.Name != "" && labels(asked.Name) == 0 {
		return FQDN{}, false
	}
	var name string
	switch {
	case reserved != "":
		name = n.qualify(reserved, true)
	case asked.Name == "" || n.replace == "always" || n.replace == "when-present":
		name = n.generate(addr, true)
	default:
		bare, complete := strings.CutSuffix(asked.Name, ".")
		name = n.clean(bare)
		if labels(name) == 0 {
			return FQDN{}, false
		}
		if complete {
			name = strings.TrimSuffix(name, ".") + "."
		} else {
			name = n.qualify(name, true)
		}
	}
	name = strings.ToLower(name)
	if labels(name) == 0 {
		return FQDN{}, false
	}
	return FQDN{Name: name, Override: asked.Updates, None: true}, true
}

// TextName reads a name that is text (RFC 4702, section 2.3.1).
func TextName(b []byte) (name string, ok bool) {
	name = strings.TrimSpace(strings.TrimRight(string(b), "\x00"))
	if name == "." {
		name = ""
	}
	return name, name == "" || labels(name) > 0
}

// LabelName reads a name that is labels, each after its length; one that ends
// in the empty label is complete.
func LabelName(b []byte) (name string, ok bool) {
	var text strings.Builder
	for len(b) > 0 {
		n := int(b[0])
		if n == 0 {
			break
		}
		if n > maxLabel || len(b) < 1+n {
			return "", false
		}
		if text.Len() > 0 {
			text.WriteByte('.')
		}
		for _, c := range b[1 : 1+n] {
			if c == '.' || c == 0 {
				return "", false
			}
			text.WriteByte(c)
		}
		b = b[1+n:]
	}
	if len(b) > 0 && text.Len() > 0 {
		text.WriteByte('.')
	}
	name = text.String()
	return name, name == "" || labels(name) > 0
}

// AppendLabels appends a complete name as labels.
func AppendLabels(b []byte, name string) []byte {
	if labels(name) > 0 {
		for l := range strings.SplitSeq(strings.TrimSuffix(name, "."), ".") {
			b = append(append(b, byte(len(l))), l...)
		}
	}
	return append(b, 0)
}
