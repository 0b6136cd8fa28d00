package dhcp4

import (
	"net/netip"
	"strings"
)

// Flags of the client FQDN option (RFC 4702, section 2.1).
const (
	fqdnS = 1 << iota // the server updates the address record
	fqdnO             // the server overrides the client's wish for S
	fqdnE             // the name is in labels, not in text
	fqdnN             // the server makes no updates
)

// fqdnHead are the flags and two response codes that come before the name.
const fqdnHead = 3

// answerFQDN answers a client FQDN option: no DNS updates are made by us (N),
// and its name, made complete, is such. A malformed option is not answered.
func (n *nameRules) answerFQDN(option []byte, reserved string, addr netip.Addr) clientName {
	if len(option) < fqdnHead {
		return clientName{}
	}
	flags := option[0]
	if flags&fqdnS != 0 && flags&fqdnN != 0 {
		return clientName{} // RFC 4702, section 2.1: not a combination that clients may send
	}
	sent, complete, ok := fqdnName(option[fqdnHead:], flags&fqdnE != 0)
	if !ok {
		return clientName{}
	}
	var name string
	switch {
	case reserved != "":
		name = n.qualify(reserved, true)
	case sent == "" || n.replace == "always" || n.replace == "when-present":
		name = n.generate(addr, true)
	default:
		name = n.clean(sent)
		if splitName(name) == nil {
			return clientName{}
		}
		if complete {
			name = strings.TrimSuffix(name, ".") + "."
		} else {
			name = n.qualify(name, true)
		}
	}
	name = strings.ToLower(name)
	labels := splitName(name)
	if labels == nil {
		return clientName{}
	}
	answer := []byte{flags&fqdnE | fqdnN, 255, 255} // RFC 4702, section 2.2: 255 to be sent in both codes
	if flags&fqdnS != 0 {
		answer[0] |= fqdnO
	}
	if flags&fqdnE == 0 {
		return clientName{name, optClientFQDN, append(answer, name...)}
	}
	for _, l := range labels {
		answer = append(append(answer, byte(len(l))), l...)
	}
	return clientName{name, optClientFQDN, append(answer, 0)}
}

// fqdnName reads the name of a client FQDN option and whether it is complete.
func fqdnName(b []byte, labels bool) (name string, complete, ok bool) {
	if !labels {
		name = strings.TrimSpace(strings.TrimRight(string(b), "\x00"))
		complete = strings.HasSuffix(name, ".")
		name = strings.TrimSuffix(name, ".")
		return name, complete, name == "" || splitName(name) != nil
	}
	var parts []string
	for len(b) > 0 {
		n := int(b[0])
		if n == 0 {
			complete = true
			break
		}
		if n > maxLabel || len(b) < 1+n {
			return "", false, false
		}
		label := string(b[1 : 1+n])
		if strings.ContainsAny(label, ".\x00") {
			return "", false, false
		}
		parts = append(parts, label)
		b = b[1+n:]
	}
	name = strings.Join(parts, ".")
	return name, complete, name == "" || splitName(name) != nil
}
